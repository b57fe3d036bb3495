// real_client: one of npm's OAuth clients in an attested app, driven line by line. argv[2] names a
// JSON file: module, issuer, clientId, redirectUri, app (the words that run the example app),
// attest (false: without its headers). Each line of input is {"do": method, ...}; each line of output
// {"ok": result} or {"error": code, "status", "message"}.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { App, attestedFetch } from './attested.mjs';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { connect } = await import(`./${settings.module}.mjs`);
const app = new App(settings.app);
const plain = (url, options) => fetch(url, options);
let methods;

// Told by both clients as the server or the mediator said it.
function failure(error) {
  return { error: error.error ?? error.code ?? error.name, status: error.status,
    message: `${error.message} ${error.error_description ?? ''} ${error.cause?.message ?? ''}` };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: method, ...words } = JSON.parse(line);
  let answer;
  try {
    methods ??= await connect({
      ...settings, fetch: settings.attest === false ? plain : attestedFetch(app, settings.issuer) });
    answer = { ok: (await methods[method](words)) ?? null };
  } catch (error) {
    answer = failure(error);
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
app.close();

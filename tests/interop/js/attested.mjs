// attested: what makes a client's fetch that of an attested app: two more headers on each POST.
// The example app, which embeds the SDK, is asked for them.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class App {
  constructor(argv) {
    // It reads its own image, between variables too, where AddressSanitizer's memcpy objects.
    const env = { ...process.env, ASAN_OPTIONS: 'replace_intrin=0' };
    this.child = spawn(argv[0], argv.slice(1), { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.last = Promise.resolve();
  }

  // One question at a time: [[name, value], ...].
  headers(audience) {
    this.last = this.last.then(() => this.ask(audience));
    return this.last;
  }

  async ask(audience) {
    const found = [];
    this.child.stdin.write(`headers ${audience}\n`);
    for (;;) {
      const { value: line, done } = await this.lines.next();
      if (done || line.startsWith('error')) throw new Error(`the app: ${line}`);
      if (line === 'ok' || line.startsWith('ok ')) return found;
      const colon = line.indexOf(': ');
      found.push([line.slice('header '.length, colon), line.slice(colon + 2)]);
    }
  }

  close() {
    this.child.stdin.end();
  }
}

export function attestedFetch(app, audience) {
  return async (url, options) => {
    if (options.method !== 'POST') return fetch(url, options);
    const headers = new Headers(options.headers);
    for (const [name, value] of await app.headers(audience)) headers.set(name, value);
    return fetch(url, { ...options, headers });
  };
}

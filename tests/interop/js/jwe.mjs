// jwe: npm's jose at the other end of our JWE. argv[2]: a JSON file with a list of tasks,
// {op: "open", jwk, token} or {op: "seal", jwk, plain, header, apu, apv}; prints a list of what
// came out: {text, header} or {error}.
import { readFileSync } from 'node:fs';
import { CompactEncrypt, compactDecrypt, importJWK } from 'jose';

async function open({ jwk, token }) {
  const key = await importJWK(jwk, jwk.kty === 'oct' ? 'dir' : 'ECDH-ES+A256KW');
  const { plaintext, protectedHeader } = await compactDecrypt(token, key);
  return { text: new TextDecoder().decode(plaintext), header: protectedHeader };
}

async function seal({ jwk, plain, header, apu, apv }) {
  const key = await importJWK(jwk, header.alg);
  const jwe = new CompactEncrypt(new TextEncoder().encode(plain)).setProtectedHeader(header);
  if (apu) {
    jwe.setKeyManagementParameters({ apu: new TextEncoder().encode(apu), apv: new TextEncoder().encode(apv) });
  }
  return { text: await jwe.encrypt(key) };
}

const results = [];
for (const task of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
  try {
    results.push(await (task.op === 'open' ? open(task) : seal(task)));
  } catch (error) {
    results.push({ error: error.code ?? String(error) });
  }
}
console.log(JSON.stringify(results));

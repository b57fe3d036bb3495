// jose_judge: npm's jose on tokens. Standard input is a JSON array of {token, typ, audience} with
// `jwks` (a JWK Set, or its URL) or `secret`; a line of output each: "good ALG" or "bad CODE".
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose';

function keyOf({ jwks, secret }) {
  if (secret) return new TextEncoder().encode(secret);
  return typeof jwks === 'string' ? createRemoteJWKSet(new URL(jwks)) : createLocalJWKSet(jwks);
}

for (const asked of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    const { protectedHeader } = await jwtVerify(asked.token, keyOf(asked), {
      typ: asked.typ, audience: asked.audience, requiredClaims: ['exp', 'iat', 'jti', 'sub'],
    });
    console.log('good', protectedHeader.alg);
  } catch (error) {
    console.log('bad', error.code ?? error.message);
  }
}

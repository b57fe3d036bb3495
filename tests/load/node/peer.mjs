// peer: what a user of Node.js would write in the place of attestd and of the mediator's /check: the
// same messages over http, digests of sampled blocks, tokens with jose, challenges in a Map or with
// ioredis. It judges less than attestd: no mappings, no imports, no registry, no audit log.
//   node peer.mjs CONFIG.json
import { createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Redis from "ioredis";
import { calculateJwkThumbprint, importJWK, jwtVerify, SignJWT } from "jose";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const secret = new TextEncoder().encode(config.secret);
const BLOCK = 4096, ASKED = 64, TTL = 10, LIFETIME = 300;
const TYP = "oauth-client-attestation+jwt", POP_TYP = "oauth-client-attestation-pop+jwt";

// --- the image ---

function cut(parts) {
  const blocks = [];
  for (const part of parts)
    for (let at = 0; at < part.length; at += BLOCK) blocks.push(part.subarray(at, at + BLOCK));
  return blocks;
}

// Bytes of the read-only segments of a 64-bit little-endian ELF file.
function segments(file) {
  const found = [], table = Number(file.readBigUInt64LE(32));
  for (let i = 0; i < file.readUInt16LE(56); i++) {
    const at = table + i * file.readUInt16LE(54);
    if (file.readUInt32LE(at) !== 1 || file.readUInt32LE(at + 4) & 2) continue;
    const offset = Number(file.readBigUInt64LE(at + 8));
    found.push(file.subarray(offset, offset + Number(file.readBigUInt64LE(at + 32))));
  }
  return found;
}

const file = readFileSync(config.binary);
const blocks = { memory: cut(segments(file)), file: cut([file]) };

// --- challenges ---

class Memory {
  #entries = new Map();
  constructor() {
    setInterval(() => this.#sweep(), 1000).unref();
  }
  async set(key, value, seconds) {
    if (this.#entries.has(key)) return false;
    this.#entries.set(key, { value, until: Date.now() + seconds * 1000 });
    return true;
  }
  async take(key) {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    return entry && entry.until > Date.now() ? entry.value : null;
  }
  // What was set first expires first, near enough: all live equally long.
  #sweep() {
    const now = Date.now();
    for (const [key, { until }] of this.#entries) {
      if (until > now) break;
      this.#entries.delete(key);
    }
  }
}

class Shared {
  #redis = new Redis(config.redis, { enableAutoPipelining: true });
  async set(key, value, seconds) {
    return (await this.#redis.set(key, value, "EX", seconds, "NX")) === "OK";
  }
  async take(key) {
    return this.#redis.getdel(key);
  }
}

const store = config.redis ? new Shared() : new Memory();

// --- attesting ---

class Refusal extends Error {
  constructor(code, error) {
    super(error);
    this.code = code;
  }
}

function draw(all) {
  const asked = new Set();
  while (asked.size < Math.min(ASKED, all.length)) asked.add(randomInt(all.length));
  return [...asked].sort((a, b) => a - b);
}

function probes() {
  return [
    { id: 1, kind: "memory", module: config.build, blocks: draw(blocks.memory) },
    { id: 2, kind: "file", module: config.build, blocks: draw(blocks.file) },
    { id: 3, kind: "debugger" },
    { id: 4, kind: "preload" },
  ];
}

async function challenge(request) {
  const { client_id, build, jkt } = request;
  if (client_id !== config.client_id || build !== config.build || typeof jkt !== "string")
    throw new Refusal(403, "attestation_failed");
  const nonce = randomBytes(32).toString("base64url"), asked = probes();
  if (!(await store.set("challenge:" + nonce, JSON.stringify({ jkt, asked }), TTL)))
    throw new Refusal(503, "temporarily_unavailable");
  return [201, { challenge: nonce, expires_in: TTL, probes: asked }];
}

const REPORTS = {
  debugger: (report) => report.startsWith("tracer 0\n"),
  preload: (report) => report.split("\n").every((line) => line === "" || line.endsWith(" ")),
};

function answers(nonce, jkt, probe, evidence) {
  if (!evidence || typeof evidence.digest !== "string") return false;
  const mac = createHmac("sha256", nonce), id = Buffer.alloc(4);
  id.writeUInt32BE(probe.id);
  mac.update("vouchsafe probe v1\0").update(id).update(probe.kind + "\0").update(jkt);
  if (probe.blocks) for (const n of probe.blocks) mac.update(blocks[probe.kind][n]);
  else mac.update(evidence.report);
  const expected = mac.digest(), given = Buffer.from(evidence.digest, "base64url");
  return given.length === expected.length && timingSafeEqual(given, expected) &&
    (probe.blocks !== undefined || REPORTS[probe.kind](evidence.report));
}

async function attest(request) {
  const kept = await store.take("challenge:" + request.challenge);
  if (!kept) throw new Refusal(403, "challenge_invalid");
  const { jkt, asked } = JSON.parse(kept);
  if ((await calculateJwkThumbprint(request.jwk)) !== jkt) throw new Refusal(403, "attestation_failed");
  const nonce = Buffer.from(request.challenge, "base64url"), key = Buffer.from(jkt, "base64url");
  const evidence = new Map(request.evidence.map((entry) => [entry.id, entry]));
  if (!asked.every((probe) => answers(nonce, key, probe, evidence.get(probe.id))))
    throw new Refusal(403, "attestation_failed");
  const token = await new SignJWT({ cnf: { jwk: request.jwk }, coverage: 1, streak: 1 })
    .setProtectedHeader({ alg: "HS256", typ: TYP, kid: config.kid })
    .setIssuer(config.issuer).setSubject(config.client_id).setIssuedAt()
    .setExpirationTime(LIFETIME + "s").setJti(randomBytes(16).toString("base64url"))
    .sign(secret);
  return [200, { integrity_token: token, expires_in: LIFETIME }];
}

// --- checking ---

async function possession(proof, jwk) {
  const key = await importJWK(jwk, jwk.kty === "EC" ? "ES256" : "EdDSA");
  const { payload } = await jwtVerify(proof, key, {
    typ: POP_TYP, audience: config.audience, maxTokenAge: config.pop_age, clockTolerance: 30,
    requiredClaims: ["jti", "iat"] });
  if (!(await store.set("jti:" + payload.jti, "1", config.pop_age))) throw new Error("used");
}

async function check(headers) {
  try {
    const { payload } = await jwtVerify(headers["oauth-client-attestation"], secret, {
      algorithms: ["HS256"], typ: TYP, clockTolerance: 30, subject: config.client_id,
      requiredClaims: ["exp", "iat", "jti", "cnf"] });
    if (config.pop_age)
      await possession(headers["oauth-client-attestation-pop"], payload.cnf.jwk);
    return payload;
  } catch {
    throw new Refusal(401, "invalid_client_attestation");
  }
}

// --- http ---

async function read(request) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size > 65536) throw new Refusal(413, "invalid_request");
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString());
  } catch {
    throw new Refusal(400, "invalid_request");
  }
}

function send(response, code, message) {
  const body = JSON.stringify(message);
  response.writeHead(code, { "Content-Type": "application/json", "Cache-Control": "no-store",
    "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

async function serve(request, response) {
  if (request.url === "/check/api") {
    const claims = await check(request.headers);
    response.writeHead(204, { "Cache-Control": "no-store", "Vouchsafe-Client-Id": claims.sub,
      "Vouchsafe-Coverage": String(claims.coverage), "Vouchsafe-Streak": String(claims.streak) });
    response.end();
  } else if (request.method === "POST" && request.url === "/v1/challenges") {
    send(response, ...(await challenge(await read(request))));
  } else if (request.method === "POST" && request.url === "/v1/attestations") {
    send(response, ...(await attest(await read(request))));
  } else {
    throw new Refusal(404, "invalid_request");
  }
}

createServer((request, response) => {
  serve(request, response).catch((error) =>
    send(response, error instanceof Refusal ? error.code : 500, { error: error.message }));
}).listen(config.port, "127.0.0.1");

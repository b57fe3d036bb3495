// Reads streams as tests/fuzz/http_read.c does, with the parser of Node.js, which is strict unless
// told otherwise, and says the same of them; behind "refused" stands why.
import { createRequire } from "node:module";
import { readFileSync, writeSync } from "node:fs";

const { HTTPParser, methods } = createRequire(import.meta.url)("_http_common");
const hex = (buffer) => buffer.toString("hex") || "-";

function read(stream) {
  const parser = new HTTPParser();
  const words = [];
  let head = null, body = [], end = "all", closed = false, late = false;
  parser.initialize(HTTPParser.REQUEST, {});
  parser[HTTPParser.kOnHeadersComplete] =
    (major, minor, headers, method, url, code, message, upgrade, keepAlive) => {
      late ||= closed;
      if (upgrade) end = "upgrade"; // what comes behind is no HTTP to it
      head = [methods[method], hex(Buffer.from(url, "latin1")), keepAlive];
      body = [];
      return 0;
    };
  parser[HTTPParser.kOnBody] = (piece) => body.push(Buffer.from(piece));
  parser[HTTPParser.kOnMessageComplete] = () => {
    words.push(head[0], head[1], hex(Buffer.concat(body)));
    closed ||= !head[2];
    head = null;
  };
  const outcome = parser.execute(stream);
  if (late) throw new Error("read on after the end");
  if (end === "upgrade") return [...words, end];
  if (outcome instanceof Error && outcome.code !== "HPE_CLOSED_CONNECTION")
    return [...words, "refused", `${outcome.code}:${outcome.reason}`.replaceAll(" ", "_")];
  if (closed) return [...words, "closed"];
  // Whether a message is under way shows in whether the stream may end here.
  const rest = parser.finish();
  return [...words, head || rest instanceof Error ? "more" : "all"];
}

const input = readFileSync(0);
let lines = [];
for (let at = 0; at < input.length;) {
  const len = input.readUInt32BE(at);
  lines.push(" " + read(input.subarray(at + 4, at + 4 + len)).join(" ") + "\n");
  at += 4 + len;
}
for (let out = Buffer.from(lines.join("")); out.length > 0;) out = out.subarray(writeSync(1, out));

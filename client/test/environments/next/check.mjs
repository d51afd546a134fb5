/** Behind the README's rewrites: what the Twotrack server sees of a page's query and of its WebSocket. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, request } from "node:http";

const seen = new Map();
const chat = {
  __typename: "Chat",
  id: "1",
  messages: { __typename: "MessageConnection", revision: 0, edges: [], pageInfo: {} },
};
const twotrack = createServer((query, response) => {
  seen.set("query", query.headers);
  query.resume();
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ data: { chat } }));
});
twotrack.on("upgrade", ({ headers }, socket) => {
  seen.set("upgrade", headers);
  socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
});
twotrack.listen(8000);
await once(twotrack, "listening");

const next = spawn("node_modules/.bin/next", ["start", "--port", "3111"], { stdio: ["ignore", "pipe", "inherit"] });
try {
  for await (const chunk of next.stdout) if (String(chunk).includes("Ready")) break;
  const headers = { origin: "http://localhost:3111", "content-type": "application/json" };
  const answer = await fetch("http://localhost:3111/graphql", { method: "POST", headers, body: "{}" });
  assert.deepEqual(await answer.json(), { data: { chat } });
  assert.equal(seen.get("query").host, "localhost:8000");

  const upgrade = request("http://localhost:3111/graphql", {
    headers: {
      origin: "http://localhost:3111",
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol": "graphql-transport-ws",
    },
  });
  upgrade.on("error", () => {});
  upgrade.end();
  await once(twotrack, "upgrade");
  assert.equal(seen.get("upgrade").host, "localhost:8000");
  assert.equal(seen.get("upgrade").origin, "http://localhost:3111");
  console.log("Next: the server sees the destination's Host, and the page's Origin.");
} finally {
  next.kill();
  twotrack.closeAllConnections();
  twotrack.close();
}
process.exit();

// A WebSocket of Node's `ws` as a pipe: a line from stdin is sent, a message received is printed as a line.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../../client/package.json", import.meta.url));
const WebSocket = require("ws");

const [url, offer] = process.argv.slice(2);
const socket = new WebSocket(url, "graphql-transport-ws", { perMessageDeflate: JSON.parse(offer) });
const tell = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);

socket.on("open", () => {
  tell({ open: socket.extensions });
  createInterface({ input: process.stdin })
    .on("line", (line) => socket.send(line))
    .on("close", () => socket.close());
});
socket.on("message", (data) => tell({ message: data.toString() }));
socket.on("error", (error) => tell({ error: String(error) }));
socket.on("close", (code) => tell({ closed: code }));

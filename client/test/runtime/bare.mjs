/** Runs the bundled app with the globals of React Native's Hermes: `node bare.mjs app.js URL [websocket]`. */

import { request } from "node:http";
import WebSocket from "ws";

new Headers(); // Node loads it now, while it still has what it needs for that

const [app, url, transport] = process.argv.slice(2);

/** Like React Native's: without `body`, and returned only when it is complete. */
class Response {
  constructor(status, headers, text) {
    this.status = status;
    this.ok = status < 300;
    this.headers = new Headers(headers);
    this.text = async () => text;
    this.json = async () => JSON.parse(text);
    this.clone = () => new Response(status, headers, text);
  }
}

function fetch(input, { method = "GET", headers, body, signal } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(input, { method, headers: Object.fromEntries(new Headers(headers)) }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve(new Response(response.statusCode, { "content-type": response.headers["content-type"] ?? "" }, text));
    });
    signal?.addEventListener("abort", () => sent.destroy());
    sent.on("error", () => reject(new TypeError("Network request failed")));
    sent.end(body);
  });
}

const ABSENT = [
  "document navigator location localStorage sessionStorage crypto CryptoKey SubtleCrypto",
  "TextDecoder TextEncoder TextDecoderStream ReadableStream WritableStream TransformStream CompressionStream",
  "structuredClone DOMException Event EventTarget CustomEvent MessageChannel MessagePort BroadcastChannel EventSource",
  "performance FinalizationRegistry WeakRef WebSocket addEventListener removeEventListener reportError",
].join(" ");
for (const name of ABSENT.split(" ")) delete globalThis[name];
for (const name of ["any", "timeout", "abort"]) delete AbortSignal[name];
for (const name of ["reason", "throwIfAborted"]) delete AbortSignal.prototype[name];
for (const name of ["withResolvers", "try"]) delete Promise[name];
for (const name of ["toSorted", "toReversed", "toSpliced", "with"]) delete Array.prototype[name];
delete Array.fromAsync;
delete Intl.Segmenter;
delete URLSearchParams.prototype.size;
delete Object.groupBy;
Object.assign(globalThis, { fetch, Response, ...(transport === "websocket" && { WebSocket }) });

const { run } = await import(app);
console.log(JSON.stringify(await run(url)));
process.exit();

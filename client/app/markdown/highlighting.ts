/** Has code coloured beside the page's own thread. The worker comes when the first block asks for it, and stays. */

import type { Token } from "./highlight.ts";

export interface Order {
  readonly number: number;
  readonly parts: readonly string[];
  readonly language: string;
}

type Coloured = Token[][] | undefined;

const waiting = new Map<number, (tokens: Coloured) => void>();
let colourist: Worker | undefined;
let orders = 0;

export async function coloured(parts: readonly string[], language: string): Promise<Coloured> {
  colourist ??= engage();
  const order: Order = { number: ++orders, parts, language };
  colourist.postMessage(order);
  return new Promise((done) => waiting.set(order.number, done));
}

function engage(): Worker {
  const worker = new Worker(new URL("./highlight.worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<{ number: number; tokens: Coloured }>) => {
    waiting.get(data.number)?.(data.tokens);
    waiting.delete(data.number);
  });
  // Its script could not be fetched, or failed: what it had stays plain, and the next block gets another.
  worker.addEventListener("error", () => {
    worker.terminate();
    colourist = undefined;
    for (const done of waiting.values()) done(undefined);
    waiting.clear();
  });
  return worker;
}

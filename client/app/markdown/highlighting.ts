/** Highlights code in a worker. The worker starts with the first code block and is kept. */

import type { Token } from "./highlight.ts";

export interface HighlightRequest {
  readonly id: number;
  readonly chunks: readonly string[];
  readonly language: string;
  /** Index of the first chunk whose tokens are wanted. */
  readonly from: number;
}

type Result = Token[][] | undefined;

const pending = new Map<number, (tokens: Result) => void>();
let worker: Worker | undefined;
let lastId = 0;

/** Resolves to the tokens of each chunk; to undefined if the language is unknown or the worker failed. */
export async function highlightInWorker(chunks: readonly string[], language: string, from = 0): Promise<Result> {
  worker ??= startWorker();
  const request: HighlightRequest = { id: ++lastId, chunks, language, from };
  worker.postMessage(request);
  return new Promise((resolve) => pending.set(request.id, resolve));
}

function startWorker(): Worker {
  const started = new Worker(new URL("./highlight.worker.ts", import.meta.url), { type: "module" });
  started.addEventListener("message", ({ data }: MessageEvent<{ id: number; tokens: Result }>) => {
    pending.get(data.id)?.(data.tokens);
    pending.delete(data.id);
  });
  // The script could not be loaded, or threw. Pending blocks stay plain; the next block starts another worker.
  started.addEventListener("error", () => {
    started.terminate();
    worker = undefined;
    for (const resolve of pending.values()) resolve(undefined);
    pending.clear();
  });
  return started;
}

/**
 * Typesets formulas in a worker, which starts with the first formula and is kept. The HTML is kept too, so that a formula
 * that is rendered again does not change its size twice.
 */

import { useEffect, useSyncExternalStore } from "react";

/** Formulas as they were written. Each is answered, in this order. */
export type TypesetRequest = readonly string[];

export interface TypesetAnswer {
  readonly source: string;
  /** Undefined if it is shown as it was written. */
  readonly html: string | undefined;
}

const MAX_KEPT = 3_000; // formulas
const MAX_SECONDS = 3; // for one formula
const MAX_ENDED = 3; // workers that took longer; after that, formulas stay as they were written
const BATCH_MS = 16; // the page is laid out once for all formulas of this time

const results = new Map<string, string | undefined>();
const listeners = new Map<string, Set<() => void>>();
const waiting = new Set<string>(); // in the order in which they were requested
let unsent: string[] = [];
let answered: string[] = [];
let whenIdle: (() => void)[] = [];
let worker: Worker | undefined;
let isReady = false;
let watchdog: ReturnType<typeof setTimeout> | undefined;
let ended = 0;

/** The HTML of a formula; undefined until it is typeset, and if it cannot be. */
export function useTypeset(source: string): string | undefined {
  const html = useSyncExternalStore(
    (listener) => subscribe(source, listener),
    () => results.get(source),
  );
  useEffect(() => request(source), [source]);
  return html;
}

/** Resolves when all formulas on the page are typeset. */
export async function allTypeset(): Promise<void> {
  if (waiting.size > 0 || answered.length > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
}

function subscribe(source: string, listener: () => void): () => void {
  const all = listeners.get(source) ?? new Set();
  listeners.set(source, all.add(listener));
  return () => {
    all.delete(listener);
    if (all.size === 0 && listeners.get(source) === all) listeners.delete(source);
  };
}

function request(source: string): void {
  if (results.has(source) || waiting.has(source) || ended >= MAX_ENDED) return;
  waiting.add(source);
  unsent.push(source);
  if (unsent.length === 1) queueMicrotask(() => void send());
}

async function send(): Promise<void> {
  try {
    await import("./formulaStyles.ts");
    worker ??= start();
  } catch {
    giveUp();
    return;
  }
  worker.postMessage(unsent satisfies TypesetRequest);
  unsent = [];
  watch();
}

function start(): Worker {
  const started = new Worker(new URL("./typeset.worker.ts", import.meta.url), { type: "module" });
  isReady = false;
  started.addEventListener("message", ({ data }: MessageEvent<TypesetAnswer | undefined>) => {
    if (worker !== started) return;
    isReady = true;
    if (data) answer(data);
    watch();
  });
  started.addEventListener("error", giveUp); // the script could not be loaded; the next formula starts another worker
  return started;
}

/** Ends a worker that takes too long. */
function watch(): void {
  clearTimeout(watchdog);
  if (waiting.size > 0 && isReady) watchdog = setTimeout(end, MAX_SECONDS * 1_000);
}

function end(): void {
  worker?.terminate();
  worker = undefined;
  ended++;
  const [source, ...others] = waiting;
  if (source !== undefined) answer({ source, html: undefined });
  if (ended >= MAX_ENDED) giveUp();
  else if (others.length > 0) {
    unsent = others;
    void send();
  }
}

function giveUp(): void {
  worker?.terminate();
  worker = undefined;
  clearTimeout(watchdog);
  waiting.clear();
  unsent = [];
  show();
}

function answer({ source, html }: TypesetAnswer): void {
  waiting.delete(source);
  for (const oldest of results.keys()) {
    if (results.size < MAX_KEPT) break;
    results.delete(oldest);
  }
  results.set(source, html);
  if (answered.push(source) === 1) setTimeout(show, BATCH_MS);
}

function show(): void {
  const shown = answered;
  answered = [];
  for (const source of shown) for (const listener of listeners.get(source) ?? []) listener();
  if (waiting.size > 0) return;
  const idle = whenIdle;
  whenIdle = [];
  for (const resolve of idle) resolve();
}

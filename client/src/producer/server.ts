/**
 * A Twotrack server, as its API clients see it: operations, repeated until they are answered.
 *
 * An operation that is repeated may be executed twice. So it must be a query, or a mutation that a repeat does not
 * change, such as one with an idempotency key.
 */

import { Refused, Unreachable } from "./errors.ts";
import { type ReplyOptions, type ReplyText, writeReply } from "./reply.ts";

const PATIENCE_MS = 120_000;
const REQUEST_MS = 30_000; // an append to a long text is answered after two seconds
const SILENCE_MS = 60_000; // a server sends something on a stream every ten seconds
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

const SYNC = "subscription ($ids: [ID!]!) { sync(ids: $ids) { id revision deleted } }";

export interface ProducerOptions {
  /** The server's `/graphql`. */
  url: string;
  /** An API token. */
  token: string;
  /** How long an operation is repeated without an answer before it rejects with Unreachable. Two minutes by default. */
  patienceMs?: number;
  fetch?: typeof fetch;
}

export interface SyncChange {
  readonly id: string;
  readonly revision: number;
  readonly deleted: boolean;
}

export interface Producer {
  /**
   * Writes a reply while `write` runs. The reply is complete when its promise resolves. If it rejects, the reply fails
   * and keeps its text. If the reply is stopped or taken over, `signal` aborts, and the call rejects with the reason.
   */
  reply<Result>(
    options: ReplyOptions,
    write: (text: ReplyText, signal: AbortSignal) => Promise<Result> | Result,
  ): Promise<Result>;
  /** The data of an operation. Rejects with Refused or Unreachable. */
  execute<Data>(document: string, variables?: object): Promise<Data>;
  /**
   * The events of `sync` for these ids, until the signal aborts. After each lost connection it subscribes again, which
   * gives one event for each id first. Rejects with Refused.
   */
  changes(ids: readonly string[], signal?: AbortSignal): AsyncGenerator<SyncChange, void>;
}

interface Answer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions?: Record<string, unknown> }[];
}

export function createProducer(options: ProducerOptions): Producer {
  const { url, token, patienceMs = PATIENCE_MS } = options;
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

  const execute = async <Data>(query: string, variables: object = {}): Promise<Data> => {
    const body = JSON.stringify({ query, variables });
    let giveUpAt = Date.now() + patienceMs;
    for (let failures = 0; ; failures++) {
      let pauseMs: number | undefined;
      let reason: string;
      try {
        const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(REQUEST_MS) });
        const answer = await answerOf(response);
        if (answer !== undefined && !answer.errors?.length) return answer.data as Data;
        const refusal = answer?.errors?.[0];
        if (refusal && !isPassing(refusal)) throw new Refused(refusal.message, refusal.extensions);
        reason = refusal?.message ?? `HTTP ${response.status}`;
        pauseMs = seconds(refusal?.extensions?.retryAfter ?? response.headers.get("retry-after"));
      } catch (error) {
        if (error instanceof Refused) throw error;
        reason = String(error);
      }
      if (pauseMs !== undefined) giveUpAt += pauseMs;
      else if (Date.now() > giveUpAt) {
        throw new Unreachable(`${url} did not answer for ${patienceMs / 1000} seconds: ${reason}`);
      }
      await pause(pauseMs ?? backoff(failures));
    }
  };

  async function* events(ids: readonly string[], signal?: AbortSignal): AsyncGenerator<SyncChange, void> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal?.addEventListener("abort", abort);
    let silence = setTimeout(abort, REQUEST_MS);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...headers, accept: "text/event-stream" },
        body: JSON.stringify({ query: SYNC, variables: { ids } }),
        signal: controller.signal,
      });
      if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
        refuse(await answerOf(response));
        return;
      }
      for await (const line of lines(response)) {
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE_MS);
        if (!line.startsWith("data: ")) continue;
        const answer = JSON.parse(line.slice("data: ".length)) as Answer;
        refuse(answer);
        if (answer.data) yield answer.data.sync as SyncChange;
      }
    } finally {
      clearTimeout(silence);
      signal?.removeEventListener("abort", abort);
      controller.abort();
    }
  }

  async function* changes(ids: readonly string[], signal?: AbortSignal): AsyncGenerator<SyncChange, void> {
    for (let failures = 0; !signal?.aborted; failures++) {
      try {
        for await (const event of events(ids, signal)) {
          failures = 0;
          yield event;
        }
      } catch (error) {
        if (error instanceof Refused) throw error;
      }
      if (!signal?.aborted) await pause(backoff(failures));
    }
  }

  return { execute, changes, reply: (options, write) => writeReply(execute, options, write) };
}

async function* lines(response: Response): AsyncGenerator<string, void> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const complete = (rest + value).split("\n");
    rest = complete.pop() ?? "";
    yield* complete;
  }
}

/** The GraphQL answer; undefined if there is none, and the same request may get one later. */
async function answerOf(response: Response): Promise<Answer | undefined> {
  const text = await response.text();
  try {
    const answer = JSON.parse(text) as Answer | null;
    if (answer && ("data" in answer || "errors" in answer)) return answer;
  } catch {
    // a proxy answered in place of the server
  }
  if (response.status >= 500 || [408, 425, 429].includes(response.status)) return undefined;
  throw new Refused(`The server answered HTTP ${response.status}: ${text.slice(0, 200)}`);
}

function refuse(answer: Answer | undefined): void {
  const refusal = answer?.errors?.find((error) => !isPassing(error));
  if (refusal) throw new Refused(refusal.message, refusal.extensions);
}

function isPassing({ extensions }: { extensions?: Record<string, unknown> }): boolean {
  return extensions?.code === "RATE_LIMITED" || extensions?.code === "INTERNAL";
}

function seconds(retryAfter: unknown): number | undefined {
  const number = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(number) && number >= 0 ? number * 1000 : undefined;
}

/** A random pause, so that clients whose server went away do not all come back at the same moment. */
function backoff(failures: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
  return longest / 4 + Math.random() * (longest * 0.75);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

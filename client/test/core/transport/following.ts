import { resubscribing } from "../../../src/core/transport/resubscribing.ts";
import type { Result, Sink, Transport } from "../../../src/core/transport/transport.ts";

export const PAYLOAD = { query: "subscription { messageStream(id: 1) { id } }" };
export const HALF = () => 0.5;

export class Line implements Transport {
  readonly sinks: Sink[] = [];
  live = 0;

  subscribe(_: unknown, sink: Sink): () => void {
    this.sinks.push(sink);
    this.live++;
    return () => {
      this.live--;
      sink.complete(); // like graphql-ws
    };
  }

  get now(): Sink {
    return this.sinks.at(-1) as Sink;
  }
}

export function follow(line = new Line()) {
  const results: Result[] = [];
  const ends: string[] = [];
  const said: string[] = [];
  const onResult = () => said.push("result");
  const onLost = () => said.push("lost");
  const transport = resubscribing(line, { random: HALF, onResult, onLost });
  const sink: Sink = {
    next: (result) => results.push(result),
    error: () => ends.push("error"),
    complete: () => ends.push("complete"),
  };
  const leave = transport.subscribe(PAYLOAD, sink);
  return { line, results, ends, said, leave, transport, sink };
}

export const streaming = (content = "") => ({ data: { messageStream: { content, streaming: true } } });
export const final = { data: { messageStream: { content: "all", streaming: false } } };
export const signal = { data: { sync: { id: "1", revision: 1, deleted: false } } };
export const errors = (code: string, more = {}) => ({ errors: [{ message: code, extensions: { code, ...more } }] });

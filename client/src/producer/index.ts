/** Writes replies from another process, in Node or a browser: exactly once, through lost connections and restarts. */

export { Finished, ProducerError, Refused, Stopped, TakenOver, TooLong, Unreachable } from "./errors.ts";
export type { ReplyOptions, ReplyText, ReplyUsage } from "./reply.ts";
export { createProducer, type Producer, type ProducerOptions } from "./server.ts";

/** Twotrack for urql. */

export { createTwotrackClient, type TwotrackClient, type TwotrackClientOptions } from "./client.ts";
export { keys } from "./keys.ts";
export { useConnection } from "./useConnection.ts";
export { type MessageStreamOptions, useMessageStream } from "./useMessageStream.ts";
export { useSync } from "./useSync.ts";

/** Twotrack for urql. */

export type { Sent } from "../core/sent.ts";
export { addSent, type UpdaterCache } from "./addSent.ts";
export { createTwotrackClient, type TwotrackClient, type TwotrackClientOptions } from "./client.ts";
export { keys } from "./keys.ts";
export { useConnection } from "./useConnection.ts";
export { type MessageStreamOptions, useMessageStream } from "./useMessageStream.ts";
export { useSync } from "./useSync.ts";

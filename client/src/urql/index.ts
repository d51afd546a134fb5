/** Twotrack for urql. */

export type { SendMessagePayload } from "../core/sendMessagePayload.ts";
export { addSent } from "./addSent.ts";
export { type Append, appendToConnection, type UpdaterCache } from "./appendToConnection.ts";
export { createTwotrackClient, type TwotrackClient, type TwotrackClientOptions } from "./client.ts";
export { keys } from "./keys.ts";
export { useConnection } from "./useConnection.ts";
export { useMessageStream } from "./useMessageStream.ts";
export { type UseStreamOptions, useStream } from "./useStream.ts";
export { useSync } from "./useSync.ts";

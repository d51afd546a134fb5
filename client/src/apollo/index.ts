/** Twotrack for Apollo Client. */

export type { Sent } from "../core/sent.ts";
export { addSent } from "./addSent.ts";
export { TwotrackCache } from "./cache.ts";
export { createTwotrackClient, TwotrackClient, type TwotrackClientOptions } from "./client.ts";
export { typePolicies } from "./typePolicies.ts";
export { useConnection } from "./useConnection.ts";
export { type MessageStreamOptions, useMessageStream } from "./useMessageStream.ts";
export { useSync } from "./useSync.ts";

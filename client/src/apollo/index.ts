/** Twotrack for Apollo Client. */

export type { SendMessagePayload } from "../core/sendMessagePayload.ts";
export { addSent } from "./addSent.ts";
export { type Append, appendToConnection } from "./appendToConnection.ts";
export { TwotrackCache, type TwotrackCacheConfig } from "./cache.ts";
export { createTwotrackClient, TwotrackClient, type TwotrackClientOptions } from "./client.ts";
export { revisionedPagination } from "./revisionedPagination.ts";
export { typePolicies } from "./typePolicies.ts";
export { useConnection } from "./useConnection.ts";
export { useMessageStream } from "./useMessageStream.ts";
export { type UseStreamOptions, useStream } from "./useStream.ts";
export { useSync } from "./useSync.ts";

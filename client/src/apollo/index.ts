/** Twotrack for Apollo Client, without React. The hooks are in `@twotrack/client/apollo/react`. */

export type { SendMessagePayload } from "../core/sendMessagePayload.ts";
export { addSent } from "./addSent.ts";
export { type Append, appendToConnection } from "./appendToConnection.ts";
export { TwotrackCache, type TwotrackCacheConfig } from "./cache.ts";
export { createTwotrackClient, TwotrackClient, type TwotrackClientOptions } from "./client.ts";
export { twotrackLink } from "./link.ts";
export { revisioned } from "./revisioned.ts";
export { revisionedPagination } from "./revisionedPagination.ts";
export { typePolicies } from "./typePolicies.ts";

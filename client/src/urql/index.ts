/** Twotrack for urql, without React. The hooks are in `@twotrack/client/urql/react`. */

export type { SendMessagePayload } from "../core/sendMessagePayload.ts";
export { addSent } from "./addSent.ts";
export { type Append, appendToConnection, type UpdaterCache } from "./appendToConnection.ts";
export { createTwotrackClient, type TwotrackClient, type TwotrackClientOptions } from "./client.ts";
export { twotrackExchange } from "./exchange.ts";
export { keys } from "./keys.ts";

/** A connection without a server, for unit tests and Storybook. */

export type { Answer, SentOperation } from "./answers.ts";
export type { Fields } from "./frames.ts";
export type { LiveSubscription } from "./subscriptions.ts";
export { createTestConnection, type TestConnection, type TestConnectionOptions } from "./testConnection.ts";

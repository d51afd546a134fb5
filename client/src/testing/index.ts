/** A connection without a server, for unit tests and Storybook. */

export {
  type Answer,
  createTestConnection,
  type LiveSubscription,
  type SentOperation,
  type TestConnection,
  type TestConnectionOptions,
} from "./testConnection.ts";

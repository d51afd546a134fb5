/** Everything that needs no framework: follow a message or a page from any GraphQL client, or from none. */

export { backoff } from "./backoff.ts";
export { type Connection, type ConnectionOptions, createConnection } from "./connection.ts";
export {
  type LiveMessageFragment as LiveMessage,
  LiveMessageFragmentDoc,
  type MessageErrorCode,
  type MessageStatus,
  MessageStreamDocument,
  SyncDocument,
} from "./documents.ts";
export { type LastingOptions, lasting } from "./lasting.ts";
export { Newest } from "./newest.ts";
export { PageSync, type PageSyncOptions, type SyncEvent } from "./pageSync.ts";
export { type Followable, type Followed, isNews, type Revised } from "./revisions.ts";
export type { ConnectionStatus } from "./status.ts";
export { type FragmentDocument, type StreamDocuments, streamDocuments } from "./stream.ts";
export type { TokenSource } from "./tokens.ts";
export type { Payload, Result, Sink, Transport } from "./transport.ts";
export { WayBack } from "./wayBack.ts";

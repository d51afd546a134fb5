/** Everything that needs no framework: stream an object, or keep a page in sync, from any GraphQL client or from none. */

export type { TypedDocumentNode } from "@graphql-typed-document-node/core";
export { type Connection, type ConnectionOptions, createConnection } from "./connection.ts";
export {
  type LiveMessageFragment as LiveMessage,
  LiveMessageFragmentDoc,
  MessageStreamDocument,
  type StreamErrorCode,
  type StreamStatus,
  SyncDocument,
} from "./documents.ts";
export { QueryError } from "./http/query.ts";
export type { TokenSource } from "./http/tokens.ts";
export { createIdempotencyKey } from "./idempotencyKey.ts";
export { type Pacer, type PacerOptions, pacer } from "./pacing/pacer.ts";
export { createSession, type Session, type SessionOptions, type SignOutReason } from "./session/session.ts";
export type { TokenStorage } from "./session/storage.ts";
export type { PageId, PageOptions, PageState, PageStore } from "./stores/page.ts";
export type { Store } from "./stores/store.ts";
export {
  defineStream,
  type FragmentDocument,
  type StreamDefinition,
  type StreamedType,
  type StreamOptions,
} from "./subscription/defineStream.ts";
export { LatestVersions } from "./subscription/latestVersions.ts";
export { messageStream } from "./subscription/messageStream.ts";
export type { StreamFailure } from "./subscription/revisions.ts";
export {
  type LiveObject,
  type LiveOf,
  type Revisioned,
  type StreamedFields,
  type StreamedObject,
  supersedes,
} from "./subscription/revisions.ts";
export { PageSync, type PageSyncOptions, type SyncEvent } from "./sync/pageSync.ts";
export { backoff } from "./transport/backoff.ts";
export type { ConnectionEvent, EventListener } from "./transport/events.ts";
export { ReconnectBackoff } from "./transport/reconnectBackoff.ts";
export { type ResubscribingOptions, resubscribing } from "./transport/resubscribing.ts";
export type { ReceivedResult, ResultListener } from "./transport/results.ts";
export type { ConnectionState, ConnectionStatus } from "./transport/status.ts";
export type { Payload, Result, Sink, Transport } from "./transport/transport.ts";

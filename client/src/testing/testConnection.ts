/** A connection without a server: the test answers queries, sends frames, and drops the connection. */

import type { Connection, ConnectionOptions } from "../core/connection.ts";
import { query } from "../core/http/query.ts";
import { Stores } from "../core/stores/stores.ts";
import { assertKnown } from "../core/subscription/assertKnown.ts";
import { withMessageStream } from "../core/subscription/messageStream.ts";
import type { StreamedObject } from "../core/subscription/revisions.ts";
import { PendingMutations } from "../core/sync/pendingMutations.ts";
import { ResultListeners } from "../core/transport/results.ts";
import { StatusStore } from "../core/transport/status.ts";
import type { Payload } from "../core/transport/transport.ts";
import { type Answer, Answers, type SentOperation } from "./answers.ts";
import { type Fields, Frames } from "./frames.ts";
import { type LiveSubscription, Subscriptions } from "./subscriptions.ts";

const URL = "http://twotrack.test/graphql"; // nothing is sent to it

export interface TestConnectionOptions extends Pick<ConnectionOptions, "streams"> {
  /** Answers to queries and mutations, by the names of their operations. */
  answers?: Readonly<Record<string, Answer>>;
}

export interface TestConnection extends Connection {
  /** The live subscriptions, the oldest first. */
  readonly subscriptions: readonly LiveSubscription[];
  /** All queries and mutations that were sent. */
  readonly sent: readonly SentOperation[];
  /** Sets the answer to an operation: its data, or a function that returns the data or throws an error. */
  answer(operationName: string, answer: Answer): void;
  /** Sends a frame: the object with the changed fields, STREAMING and with the next revision. */
  emit(object: StreamedObject, fields?: Fields): void;
  /** Sends the final frame, COMPLETE unless the fields say otherwise, and completes the stream. */
  end(object: StreamedObject, fields?: Fields): void;
  /** Refuses the subscriptions to the id, as the server does if the object was deleted. */
  refuse(id: string, code?: string, message?: string): void;
  /** Sends a signal of the sync track. */
  signal(id: string, revision: number): void;
  /** Loses the connection: the status is `lost`, nothing arrives, and queries fail. */
  drop(): void;
  /** Restores the connection. Every subscription gets the newest frame or signal of its object. */
  restore(): void;
}

/** The status changes, and frames and signals arrive, before the method that sends them returns. */
export function createTestConnection(options: TestConnectionOptions = {}): TestConnection {
  const streams = withMessageStream(options.streams);
  const status = new StatusStore();
  const mutations = new PendingMutations();
  const results = new ResultListeners();
  const answers = new Answers(options.answers);
  const frames = new Frames();
  const live = new Subscriptions((payload) => frames.latest(payload));
  let isDropped = false;
  const showStatus = () => status.set(live.list.length === 0 ? "idle" : isDropped ? "lost" : "open");
  const mutationsSettled = () => mutations.settled();
  const answer = mutations.tracking(async (_, init) => {
    if (isDropped) throw new TypeError("fetch failed: the test has dropped the connection.");
    return answers.respond(JSON.parse(String(init?.body)));
  });
  const fetch = results.reporting(answer);
  const transport = results.observing({ subscribe: (payload, sink) => live.add(payload, sink) });

  const connection: TestConnection = {
    url: URL,
    streams,
    fetch,
    mutationsSettled,
    query: (document, variables) => query(fetch, URL, document, variables),
    follow: (definition, object) => {
      assertKnown(definition, connection);
      return stores.follow(definition, object);
    },
    page: (id, page) => stores.page(id, page),
    status: status.current,
    state: status.state,
    onStatus: status.subscribe,
    onResult: results.add,
    wake: () => {},
    subscribe(payload: Payload, sink) {
      const unsubscribe = transport.subscribe(payload, {
        error: (cause) => sink.error(cause),
        next: (result) => sink.next(result),
        complete: () => {
          sink.complete();
          showStatus();
        },
      });
      showStatus();
      return () => {
        unsubscribe();
        showStatus();
      };
    },
    close() {
      live.clear();
      showStatus();
    },
    get subscriptions() {
      return live.list;
    },
    get sent() {
      return answers.sent;
    },
    answer: (operationName, answer) => answers.set(operationName, answer),
    emit(object, fields = {}) {
      frames.change(object, { status: "STREAMING", ...fields });
      live.send(object.id);
    },
    end(object, fields = {}) {
      frames.change(object, { status: "COMPLETE", ...fields });
      live.send(object.id);
    },
    refuse(id, code = "NOT_FOUND", message = "The object was not found, or you do not have access to it.") {
      live.refuse(id, { message, extensions: { code } });
    },
    signal(id, revision) {
      frames.signal(id, revision);
      live.send(id);
    },
    drop() {
      isDropped = true;
      live.pause();
      showStatus();
    },
    restore() {
      isDropped = false;
      live.resume();
      showStatus();
    },
  };
  const stores = new Stores({ transport: connection, query: connection.query, mutationsSettled });
  return connection;
}

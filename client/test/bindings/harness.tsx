/** A small chat page that runs on every binding. */

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { act, render, screen, waitFor } from "@testing-library/react";
import { parse } from "graphql";
import { memo, type ReactNode, StrictMode, useState } from "react";
import { expect } from "vitest";
import type { TokenSource } from "../../src/core/http/tokens.ts";
import type { StreamDefinition, StreamedObject, StreamedType, StreamFailure } from "../../src/core/index.ts";
import type { Message } from "../rows.ts";

export type Row = Pick<Message, "id" | "revision" | "status" | "streaming" | "content">;

export interface ChatData {
  readonly chat: {
    readonly title: string;
    readonly messages: { readonly revision: number; readonly edges: { readonly node: Row }[] };
  } | null;
}

/** What a binding needs to know of a server. */
export interface Endpoint {
  readonly url: string;
  readonly fetch: typeof fetch;
}

export interface Binding {
  readonly name: string;
  /** Whether the page shows a sent message without a refetch. */
  readonly keepsPage: boolean;
  /** Whether the cache has the final frame for a page that opens later. */
  readonly cachesFrames: boolean;
  connect(server: Endpoint, options?: { token?: TokenSource; streams?: readonly StreamedType[] }): Connected;
  useMessageStream<M extends Row, L>(message: M, options?: { fragment?: TypedDocumentNode<L, unknown> }): M;
  useStream<Shown extends StreamedObject, L>(definition: StreamDefinition<L>, object: Shown): Shown;
  useSync(id: string, revision: () => number | undefined, refetch: () => unknown): void;
  useQuery<Data>(
    query: TypedDocumentNode<Data, { id: string }>,
    id: string,
  ): { data: Data | undefined; refetch: () => unknown };
  useSend(chatId: string): (content: string) => Promise<unknown>;
}

export interface Connected {
  wrap(page: ReactNode): ReactNode;
  status(): string;
  close(): void;
}

export const CHAT = document<ChatData, { id: string }>(`
  query Chat($id: ID!) {
    chat(id: $id) {
      id title revision
      messages(last: 100) {
        revision
        edges { node { id chatId role revision status streaming content createdAt } }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
      }
    }
  }
`);

export const SEND = document<{ sendMessage: unknown }, { input: unknown }>(`
  mutation Send($input: SendMessageInput!) {
    sendMessage(input: $input) {
      message { id chatId role revision status streaming content createdAt }
      reply { id chatId role revision status streaming content createdAt }
      chat { id revision }
    }
  }
`);

export function document<Data, Variables>(source: string): TypedDocumentNode<Data, Variables> {
  return parse(source) as TypedDocumentNode<Data, Variables>;
}

export interface Options {
  query?: TypedDocumentNode<ChatData, { id: string }>;
  fragment?: TypedDocumentNode<unknown, unknown>;
  token?: TokenSource;
  strict?: boolean;
  chatId?: string;
}

/** A rendered page, and what it has shown so far. */
export class Shown {
  readonly renders = new Map<string, number>();
  readonly texts = new Map<string, string[]>();
  /** What each message's hook has returned last. */
  readonly latest = new Map<string, Row & { readonly error?: StreamFailure | null }>();
  pageRenders = 0;
  refetch: () => unknown = () => {};
  send: (content: string) => Promise<unknown> = () => Promise.resolve();
  addSecond: () => void = () => {};
  unmount: () => void = () => {};

  constructor(readonly connected: Connected) {}

  text(id: string): string | undefined {
    return screen.queryAllByTestId(id)[0]?.textContent ?? undefined;
  }

  busy(id: string): boolean {
    return screen.queryAllByTestId(id)[0]?.getAttribute("aria-busy") === "true";
  }

  /** Renders a second component for each message. */
  second(): void {
    act(() => this.addSecond());
  }

  noteBubble(live: Row): void {
    const { id, content } = live;
    this.latest.set(id, live);
    this.renders.set(id, (this.renders.get(id) ?? 0) + 1);
    const texts = this.texts.get(id) ?? [];
    this.texts.set(id, texts);
    if (texts.at(-1) !== content) texts.push(content);
  }
}

export function show(binding: Binding, server: Endpoint, options: Options = {}): Shown {
  const { query = CHAT, fragment, token, strict = true, chatId = "chat-1" } = options;
  const shown = new Shown(binding.connect(server, { ...(token !== undefined && { token }) }));
  const page = shown.connected.wrap(
    <Chat binding={binding} shown={shown} query={query} fragment={fragment} chatId={chatId} />,
  );
  shown.unmount = render(strict ? <StrictMode>{page}</StrictMode> : page).unmount;
  return shown;
}

interface Props extends Pick<Options, "fragment"> {
  binding: Binding;
  shown: Shown;
}

function Chat({
  binding,
  shown,
  query,
  fragment,
  chatId,
}: Props & { query: NonNullable<Options["query"]>; chatId: string }) {
  const { data, refetch } = binding.useQuery(query, chatId);
  const [hasSecond, setHasSecond] = useState(false);
  const send = binding.useSend(chatId);
  binding.useSync(chatId, () => data?.chat?.messages.revision, refetch);
  shown.pageRenders++;
  Object.assign(shown, { refetch, send, addSecond: () => setHasSecond(true) });
  if (data?.chat === null) return <p>gone</p>;
  return data?.chat?.messages.edges.map(({ node }) => (
    <section key={node.id}>
      <Bubble message={node} {...{ binding, shown, fragment }} />
      {hasSecond && <Bubble message={node} {...{ binding, shown, fragment }} />}
    </section>
  ));
}

const Bubble = memo(function Bubble({ binding, shown, message, fragment }: Props & { message: Row }) {
  const live = binding.useMessageStream(message, { ...(fragment && { fragment }) });
  shown.noteBubble(live);
  return (
    <article data-testid={live.id} aria-busy={live.streaming}>
      {live.content}
    </article>
  );
});

/** Waits until `read` returns the value. Fails with the last value that it returned. */
export async function eventually<T>(read: () => T, value: T): Promise<void> {
  await waitFor(() => {
    expect(read()).toEqual(value);
  });
}

/** Waits long enough for an unwanted request or render to have happened. */
export async function quiet(ms = 400): Promise<void> {
  await act(() => new Promise<void>((done) => setTimeout(done, ms)));
}

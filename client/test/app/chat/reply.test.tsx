import { ApolloProvider } from "@apollo/client/react";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { Reply } from "../../../app/chat/Reply.tsx";
import { type BubbleFragment, ChatDocument, type ChatQuery, ContinueDocument } from "../../../app/documents.ts";
import { createTwotrackClient, type TwotrackClient } from "../../../src/apollo/index.ts";
import { ADA, CHAT, chatOf, type Message, newMessage } from "../../rows.ts";

let client: TwotrackClient;

vi.mock("../../../app/session/session.ts", () => ({ useSession: () => ({ client }) }));

beforeEach(() => {
  client = createTwotrackClient({ url: "http://localhost/graphql" });
  return () => client.stop();
});

const reply = (fields: Partial<Message>) => newMessage({ id: "message-9", content: "The Moon", ...fields });

function show(message: Message): void {
  render(
    <ApolloProvider client={client}>
      <Reply message={message as unknown as BubbleFragment} viewerId={ADA.id} />
    </ApolloProvider>,
  );
}

/** Writes the chat to the cache, as its page has done before it shows a reply. */
function store(...rows: Message[]): void {
  const { messages, ...chat } = chatOf({ title: "Tides", revision: 1, rows });
  const { edges, ...page } = messages({ last: 30 });
  const connection = {
    __typename: "MessageConnection",
    ...page,
    pageInfo: { __typename: "PageInfo", ...page.pageInfo },
    edges: edges.map((edge) => ({ __typename: "MessageEdge", ...edge })),
  };
  const data = { chat: { ...chat, messages: connection } } as unknown as ChatQuery;
  client.writeQuery({ query: ChatDocument, variables: { id: CHAT, last: 30 }, data });
}

const button = (name: string) => screen.queryByRole("button", { name });

test.each([
  ["length", "The reply reached its length limit.", "Continue"],
  ["content_filter", "The provider's filter withheld this reply or the rest of it. Rephrase your message.", undefined],
  ["tool_calls", "The model called a tool, and this chat has none. The reply may be incomplete.", "Try again"],
  ["error", "The provider had a problem. The reply may be incomplete.", "Try again"],
  ["other", "The provider ended this reply early. It may be incomplete.", "Try again"],
])("a complete reply that ended with %s says so and offers the next step", (finishReason, note, step) => {
  show(reply({ finishReason }));
  expect(screen.getByText(note)).toBeDefined();
  expect(["Continue", "Try again"].filter((name) => button(name))).toEqual(step === undefined ? [] : [step]);
  expect(button("Regenerate")).not.toBeNull();
});

test("a reply that ended without a word says so and can be tried again", () => {
  show(reply({ finishReason: "stop", content: "" }));
  expect(screen.getByText("The model ended its reply without a word.")).toBeDefined();
  expect(button("Try again")).not.toBeNull();
});

test.each(["stop", null])("a reply that ended normally (%s) has no note", (finishReason) => {
  show(reply({ finishReason }));
  expect(document.querySelector(".reply-status")).toBeNull();
});

test("Continue continues the reply", async () => {
  const mutate = vi.spyOn(client, "mutate").mockResolvedValue({ data: undefined });
  show(reply({ finishReason: "length" }));
  await act(async () => fireEvent.click(screen.getByRole("button", { name: "Continue" })));
  expect(mutate.mock.calls).toEqual([
    [{ mutation: ContinueDocument, variables: { input: { messageId: "message-9" } } }],
  ]);
});

test("a Continue that fails says why", async () => {
  vi.spyOn(client, "mutate").mockRejectedValue(new Error("Too many requests."));
  show(reply({ finishReason: "length" }));
  await act(async () => fireEvent.click(screen.getByRole("button", { name: "Continue" })));
  expect(screen.getByRole("alert").textContent).not.toBe("");
  expect(button("Continue")).not.toBeNull();
});

test("a continuation that was stopped or has failed keeps its text and can be continued again", () => {
  const error = { code: "INTERRUPTED", message: "Writing was interrupted." };
  show(reply({ id: "message-8", status: "STOPPED", finishReason: "length" }));
  show(reply({ id: "message-9", status: "FAILED", finishReason: "length", error }));
  expect(screen.getByText("Stopped.")).toBeDefined();
  expect(screen.getByText("Writing was interrupted.")).toBeDefined();
  expect(screen.getAllByRole("button", { name: "Continue" })).toHaveLength(2);
  expect(button("Try again")).toBeNull();
});

test("a reply that failed before its first word can only be tried again", () => {
  const error = { code: "PROVIDER", message: "Ask for a shorter answer." };
  show(reply({ status: "FAILED", finishReason: "length", content: "", error }));
  expect(screen.getByText("Ask for a shorter answer.")).toBeDefined();
  expect(button("Try again")).not.toBeNull();
  expect(button("Continue")).toBeNull();
});

const WAITING = { status: "STREAMING", content: "" } as const;

test("a reply without text waits for an earlier reply, then shows what the assistant is doing", async () => {
  const first = newMessage({ id: "message-2", status: "STREAMING" });
  const between = newMessage({ id: "message-4" });
  const waiting = reply({ ...WAITING, activity: "Waiting for the provider, 4 s" });
  store(newMessage({ id: "message-1", role: "USER", author: ADA }), first, between, waiting);
  show(waiting);
  expect(screen.getByText("Waits for the reply before it.")).toBeDefined();
  act(() => store(newMessage({ id: "message-2", revision: 2 }), between, waiting));
  expect(await screen.findByText("Waiting for the provider, 4 s")).toBeDefined();
  expect(screen.queryByText("Waits for the reply before it.")).toBeNull();
});

test("a reply does not wait for a later one", () => {
  store(reply(WAITING), newMessage({ id: "message-10", status: "STREAMING" }));
  show(reply(WAITING));
  expect(screen.getByText("Waiting for the reply to start.")).toBeDefined();
});

test("a continued reply shows what the assistant is doing below its text", () => {
  show(reply({ status: "STREAMING", activity: "Waiting for the provider, 4 s" }));
  expect(screen.getByText("The Moon")).toBeDefined();
  expect(screen.getByText("Waiting for the provider, 4 s")).toBeDefined();
});

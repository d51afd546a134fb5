import { ApolloClient } from "@apollo/client";
import { act, renderHook } from "@testing-library/react";
import { Client, cacheExchange } from "@urql/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TwotrackCache, twotrackLink } from "../../src/apollo/index.ts";
import { useConnection, useMessageStream, useSync } from "../../src/apollo/react/index.ts";
import { messageStream, type QueryError } from "../../src/core/index.ts";
import { MessageDocument, SendMessageDocument } from "../../src/operations/index.ts";
import { createTestConnection, type TestConnection } from "../../src/testing/index.ts";
import { twotrackExchange } from "../../src/urql/index.ts";
import { useMessageStream as useUrqlMessageStream } from "../../src/urql/react/index.ts";
import { eventually } from "../bindings/harness.tsx";

const MESSAGE = { id: "message-1", revision: 7, status: "STREAMING", streaming: true, content: "Once" } as const;

let connection: TestConnection;

beforeEach(() => {
  connection = createTestConnection();
});
afterEach(() => {
  vi.restoreAllMocks();
  connection.close();
});

const bindings = {
  apollo() {
    const client = new ApolloClient({ cache: new TwotrackCache(), link: twotrackLink(connection) });
    return () => useMessageStream(MESSAGE, { client });
  },
  urql() {
    const client = new Client({ url: "/not-used", exchanges: [cacheExchange, twotrackExchange(connection)] });
    return () => useUrqlMessageStream(MESSAGE, { client });
  },
};

describe.each(["apollo", "urql"] as const)("with the hooks of %s", (binding) => {
  /** Resolves once the hook has subscribed. */
  const show = async () => {
    const useLive = bindings[binding]();
    const { result, unmount } = renderHook(() => useLive());
    await act(async () => {});
    return { live: () => result.current, unmount };
  };

  test("emit, end: the component shows each frame, and the stream ends", async () => {
    const complaint = vi.spyOn(console, "error");
    const { live, unmount } = await show();
    expect(connection.subscriptions).toEqual([{ operationName: "MessageStream", variables: { id: "message-1" } }]);
    await act(async () => connection.emit(MESSAGE, { content: "Once upon" }));
    expect(live()).toMatchObject({ content: "Once upon", revision: 8, status: "STREAMING", streaming: true });
    await act(async () => connection.end(MESSAGE, { content: "The end" }));
    expect(live()).toMatchObject({ content: "The end", revision: 9, status: "COMPLETE", streaming: false });
    expect(connection.subscriptions).toEqual([]);
    expect(connection.status()).toBe("idle");
    expect(complaint).not.toHaveBeenCalled();
    unmount();
  });

  test("drop, restore: nothing arrives in between, then the newest frame does", async () => {
    const { live, unmount } = await show();
    expect(connection.status()).toBe("open");
    await act(async () => connection.drop());
    await act(async () => connection.emit(MESSAGE, { content: "Once upon" }));
    expect(connection.status()).toBe("lost");
    expect(live().content).toBe("Once");
    await act(async () => connection.restore());
    expect(connection.status()).toBe("open");
    expect(live().content).toBe("Once upon");
    unmount();
  });

  test("refuse: the hook keeps the text and returns the code", async () => {
    const { live, unmount } = await show();
    await act(async () => connection.refuse("message-1", "FORBIDDEN", "No."));
    expect(live()).toMatchObject({
      content: "Once",
      streaming: false,
      status: "FAILED",
      error: { code: "FORBIDDEN", message: "No." },
    });
    expect(connection.subscriptions).toEqual([]);
    unmount();
  });

  test("a component that subscribes later gets the newest frame first", async () => {
    connection.emit(MESSAGE, { content: "Once upon" });
    const { live, unmount } = await show();
    expect(live().content).toBe("Once upon");
    unmount();
  });
});

test("answer: by data, by a function of the variables, and by an error", async () => {
  const message = { ...MESSAGE, __typename: "Message" };
  connection.answer("Message", ({ id }) => ({ message: { ...message, id } }));
  await expect(connection.query(MessageDocument, { id: "message-2" })).resolves.toEqual({
    message: { ...message, id: "message-2" },
  });
  connection.answer("Message", () => {
    throw Object.assign(new Error("Later."), { extensions: { code: "RATE_LIMITED" } });
  });
  const error = await connection.query(MessageDocument, { id: "message-2" }).catch((error: unknown) => error);
  expect((error as QueryError).errors).toEqual([{ message: "Later.", extensions: { code: "RATE_LIMITED" } }]);
  const input = { chatId: "chat-1", content: "Hello", idempotencyKey: "1" };
  await expect(connection.query(SendMessageDocument, { input })).rejects.toThrow("has no answer to SendMessage");
  expect(connection.sent.map(({ operationName }) => operationName)).toEqual(["Message", "Message", "SendMessage"]);
  expect(connection.sent[2]?.variables).toEqual({ input });
  connection.drop();
  await expect(connection.query(MessageDocument, { id: "message-2" })).rejects.toThrow(TypeError);
});

test("signal: the page refetches for a greater revision", async () => {
  const refetch = vi.fn();
  const client = new ApolloClient({ cache: new TwotrackCache(), link: twotrackLink(connection) });
  const { result, unmount } = renderHook(() => {
    useSync("chat-1", 3, refetch, { client });
    return useConnection({ client }).status;
  });
  await eventually(() => result.current, "open");
  await act(async () => connection.signal("chat-1", 3));
  await act(async () => connection.signal("chat-1", 4));
  await eventually(() => refetch.mock.calls.length, 1);
  unmount();
  await eventually(() => connection.subscriptions, []);
});

test("stores follow a stream", () => {
  const store = connection.follow(messageStream, MESSAGE);
  const stop = store.subscribe(() => {});
  connection.emit(MESSAGE, { content: "Once upon" });
  expect(store.getSnapshot().content).toBe("Once upon");
  stop();
});

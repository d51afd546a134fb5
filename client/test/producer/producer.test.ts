// @vitest-environment node
/** A producer's replies at the real server, over connections that lose requests and answers. */

import { createProducer, Finished, type Producer, Stopped, TakenOver } from "@twotrack/client/producer";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Batches } from "../../src/producer/batches.ts";
import { type Person, RealServer } from "../real/server.ts";

let server: RealServer;
let ann: Person;
let agent: Person;
let chatId: string;

beforeAll(async () => {
  server = await RealServer.start();
  [ann, agent] = await Promise.all([server.signUp("Ann"), server.signUp("Agent")]);
});

afterAll(() => server.stop());

beforeEach(async () => {
  chatId = await server.chatOf(ann, agent);
});

/** A producer that loses every fifth request, and every fifth answer. */
function losing(): Producer {
  let count = 0;
  const unreliable: typeof fetch = async (input, init) => {
    count++;
    if (count % 5 === 2) throw new TypeError("fetch failed");
    const response = await fetch(input, init);
    if (count % 5 === 4) throw new TypeError("terminated");
    return response;
  };
  return createProducer({ url: server.url, token: agent.token, fetch: unreliable });
}

function reliable(): Producer {
  return createProducer({ url: server.url, token: agent.token });
}

test("every appended token is in the text once, whatever is lost", async () => {
  const tokens = Array.from({ length: 200 }, (_, number) => `token ${number} 🙂 `);
  const id = await losing().reply({ chatId, key: "once" }, async (text) => {
    for (const token of tokens) {
      for (const half of token.split("")) text.append(half);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    text.set({ finishReason: "stop", outputTokens: 200 });
    return text.id;
  });
  expect(await server.row(id, ann)).toMatchObject({ content: tokens.join(""), status: "COMPLETE" });
});

test("a stop aborts the signal and rejects", async () => {
  let id = "";
  let reason: unknown;
  const writing = reliable().reply({ chatId, key: "stopped" }, async (text, signal) => {
    id = text.id;
    text.append("kept");
    await text.flush();
    await server.do("stopMessage", "MessageInput", { messageId: id }, ann, "message { id }");
    text.append("lost");
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    reason = signal.reason;
  });
  await expect(writing).rejects.toBeInstanceOf(Stopped);
  expect(reason).toBeInstanceOf(Stopped);
  expect(await server.row(id, ann)).toMatchObject({ content: "kept", status: "STOPPED" });
});

test("a producer that starts again takes over, and the former one is told", async () => {
  const producer = reliable();
  let id = "";
  const former = producer.reply({ chatId, key: "twice" }, async (text) => {
    id = text.id;
    text.append("one ");
    await text.flush();
    await producer.reply({ chatId, key: "twice" }, (again) => {
      expect(again.content).toBe("one ");
      again.append("two");
    });
    text.append("lost");
    await text.flush();
  });
  await expect(former).rejects.toBeInstanceOf(TakenOver);
  await expect(producer.reply({ chatId, key: "twice" }, () => {})).rejects.toBeInstanceOf(Finished);
  expect(await server.row(id, ann)).toMatchObject({ content: "one two", status: "COMPLETE" });
});

test("an error fails the reply, and the same key goes on with it", async () => {
  const producer = reliable();
  let id = "";
  const failing = producer.reply({ chatId, key: "failing" }, (text) => {
    id = text.id;
    text.append("half ");
    throw new RangeError("no");
  });
  await expect(failing).rejects.toBeInstanceOf(RangeError);
  expect(await server.row(id, ann)).toMatchObject({ content: "half ", status: "FAILED" });
  await producer.reply({ chatId, key: "failing" }, (text) => text.append("and half"));
  expect(await server.row(id, ann)).toMatchObject({ content: "half and half", status: "COMPLETE" });
});

test("changes arrive, and go on after a lost connection", async () => {
  const abort = new AbortController();
  const changes = reliable().changes([chatId], abort.signal);
  const first = await changes.next();
  server.cut();
  await server.send(chatId, "Hello", ann);
  for (;;) {
    const { value } = await changes.next();
    if ((value?.revision ?? 0) > (first.value?.revision ?? 0)) break;
  }
  abort.abort();
  await changes.return();
});

test("batches keep characters whole, and are as long as they may be", () => {
  const batches = new Batches();
  const text = `${"x".repeat(99_999)}🙂 and more`;
  batches.add("content", text.slice(0, 100_000));
  batches.add("content", text.slice(100_000));
  batches.add("reasoning", "\ud83d");
  const first = batches.take();
  const second = batches.take();
  batches.end();
  expect(first.content?.length).toBe(99_999);
  expect((first.content ?? "") + second.content).toBe(text);
  expect(batches.take().reasoning).toBe("\ufffd");
  expect(batches.isEmpty).toBe(true);
});

/**
 * An agent that answers each message of a chat, word by word, and shows what it does meanwhile.
 *
 *     TWOTRACK_TOKEN=… node agent.js https://chat.example.com/graphql CHAT_ID
 *
 * It asks no model: `answerTo` is where yours belongs. It may be killed and started again at any moment, and all
 * servers may restart under it.
 */

import { createProducer, Finished, type Producer, Stopped, TakenOver } from "@twotrack/client/producer";

const PAGE = `query ($chat: ID!) {
  viewer { user { id } }
  chat(id: $chat) { messages(last: 50) { edges { node { id role content status replyTo author { id } } } } }
}`;

const WORD_MS = 20;

interface Message {
  id: string;
  role: string;
  content: string;
  status: string;
  replyTo: string | null;
  author: { id: string } | null;
}

interface Page {
  viewer: { user: { id: string } };
  chat: { messages: { edges: { node: Message }[] } } | null;
}

/** Answers all that is unanswered, now and after each change of the chat. */
async function main(url: string, token: string, chatId: string): Promise<void> {
  const producer = createProducer({ url, token });
  const begun = new Set<string>();
  for await (const _ of producer.changes([chatId])) {
    const page = await producer.execute<Page>(PAGE, { chat: chatId });
    if (page.chat === null) throw new Error("The chat is deleted, or this user is no participant.");
    for (const question of unanswered(page)) {
      if (begun.has(question.id)) continue;
      begun.add(question.id);
      void answer(producer, chatId, question);
    }
  }
}

/** The messages of others without a reply of this agent that has ended. */
function unanswered({ viewer, chat }: Page): Message[] {
  const messages = chat?.messages.edges.map(({ node }) => node) ?? [];
  const own = viewer.user.id;
  const hasEnded = ({ status }: Message) => status === "COMPLETE" || status === "STOPPED";
  const answers = messages.filter((message) => message.author?.id === own && hasEnded(message));
  const answered = new Set(answers.map(({ replyTo }) => replyTo));
  return messages.filter(({ id, role, author }) => role === "USER" && author?.id !== own && !answered.has(id));
}

/** The key names the question, so that an agent that was restarted goes on with its reply. */
async function answer(producer: Producer, chatId: string, question: Message): Promise<void> {
  const options = { chatId, key: `answer ${question.id}`, replyTo: question.id, model: "words" };
  try {
    await producer.reply(options, async (text, signal) => {
      text.show("Counting the words…");
      await pause(10 * WORD_MS);
      let start = text.content.length;
      for await (const word of answerTo(question.content)) {
        signal.throwIfAborted();
        text.append(word.slice(start));
        start = Math.max(0, start - word.length);
      }
    });
  } catch (reason) {
    if (!(reason instanceof Finished || reason instanceof Stopped || reason instanceof TakenOver)) throw reason;
    console.error(reason.message);
  }
}

/** The answer, always the same for the same question. */
async function* answerTo(question: string): AsyncGenerator<string, void> {
  const words = question.split(/\s+/).filter(Boolean);
  yield `You wrote ${words.length} words.\n\n`;
  const times = 1 + Math.floor(100 / Math.max(1, words.length));
  let number = 0;
  for (let round = 0; round < times; round++) {
    for (const word of words) {
      await pause(WORD_MS);
      yield `${++number}. ${word}\n`;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await main(String(process.argv[2]), String(process.env.TWOTRACK_TOKEN), String(process.argv[3]));

/** What one tab's answer tells the next: who is signed in, and the ids of what was made. */

import type { OperationDefinitionNode } from "graphql";

const KEY = "twotrack:graphiql";

type Known = { token?: string; chatId?: string; replyId?: string };

const first = {
  chatId: "Run the tab that creates a chat first, or set chatId in the variables.",
  replyId: "Run the tab that sends a message first, or set replyId in the variables.",
};

export class Memory {
  private known: Known;
  private listeners = new Set<() => void>();

  /** `storage` outlives a reload, but not the browser's tab. */
  constructor(private storage: Pick<Storage, "getItem" | "setItem">) {
    try {
      this.known = JSON.parse(storage.getItem(KEY) ?? "{}");
    } catch {
      this.known = {};
    }
  }

  token = (): string | undefined => this.known.token;

  /** Forget it all. */
  signOut = (): void => this.keep({});

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Learn from an answer's payloads: `{ token }`, `{ chat { id } }`, `{ reply { id } }`, under whatever alias. */
  learn(data: unknown): void {
    const found: Known = {};
    for (const payload of Object.values(asObject(data)).map(asObject)) {
      found.token ??= asText(payload.token);
      found.chatId ??= asText(asObject(payload.chat).id);
      found.replyId ??= asText(asObject(payload.reply).id);
    }
    const news = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
    // Another's chats are not this one's to see.
    if (Object.keys(news).length > 0) this.keep(found.token === undefined ? { ...this.known, ...news } : news);
  }

  /** The variables with what the operation asks for and nobody gave; or what to do first. */
  fill(operation: OperationDefinitionNode, given: Record<string, unknown>): Record<string, unknown> | string {
    const variables = { ...given };
    for (const { variable } of operation.variableDefinitions ?? []) {
      const name = variable.name.value;
      if (variables[name] !== undefined) continue;
      if (name === "idempotencyKey") variables[name] = freshKey();
      if (name !== "chatId" && name !== "replyId") continue;
      const known = this.known[name];
      if (known === undefined) return first[name];
      variables[name] = known;
    }
    return variables;
  }

  private keep(known: Known): void {
    this.known = known;
    this.storage.setItem(KEY, JSON.stringify(known));
    for (const listener of this.listeners) listener();
  }
}

/** Not `crypto.randomUUID`, which browsers withhold from pages over plain HTTP. */
function freshKey(): string {
  return `graphiql-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Remembers the token, the last chat and the last reply from responses, for the operations in other tabs. */

import type { OperationDefinitionNode } from "graphql";

const KEY = "twotrack:graphiql";

type Remembered = { token?: string; chatId?: string; replyId?: string };

/** Shown if an operation needs a variable that no response has provided yet. */
const missing = {
  chatId: "Run the tab that creates a chat first, or set chatId in Variables.",
  replyId: "Run the tab that sends a message first, or set replyId in Variables.",
};

export class Memory {
  private remembered: Remembered;
  private listeners = new Set<() => void>();

  /** `storage` is the session storage: it survives a reload, but not the browser tab. */
  constructor(private storage: Pick<Storage, "getItem" | "setItem">) {
    try {
      this.remembered = JSON.parse(storage.getItem(KEY) ?? "{}");
    } catch {
      this.remembered = {};
    }
  }

  token = (): string | undefined => this.remembered.token;

  /** Forgets everything. */
  signOut = (): void => this.store({});

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Reads `{ token }`, `{ chat { id } }` and `{ reply { id } }` from the top-level fields of a response. */
  remember(data: unknown): void {
    const found: Remembered = {};
    for (const payload of Object.values(asObject(data)).map(asObject)) {
      found.token ??= asText(payload.token);
      found.chatId ??= asText(asObject(payload.chat).id);
      found.replyId ??= asText(asObject(payload.reply).id);
    }
    const update = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
    // A new token may belong to another user, who cannot see the previous chat.
    if (Object.keys(update).length > 0)
      this.store(found.token === undefined ? { ...this.remembered, ...update } : update);
  }

  /** Adds the remembered values for variables that are not set. Returns an error text if one is not known yet. */
  fill(operation: OperationDefinitionNode, given: Record<string, unknown>): Record<string, unknown> | string {
    const variables = { ...given };
    for (const { variable } of operation.variableDefinitions ?? []) {
      const name = variable.name.value;
      if (variables[name] !== undefined) continue;
      if (name === "idempotencyKey") variables[name] = newIdempotencyKey();
      if (name !== "chatId" && name !== "replyId") continue;
      const value = this.remembered[name];
      if (value === undefined) return missing[name];
      variables[name] = value;
    }
    return variables;
  }

  private store(remembered: Remembered): void {
    this.remembered = remembered;
    this.storage.setItem(KEY, JSON.stringify(remembered));
    for (const listener of this.listeners) listener();
  }
}

/** Not `crypto.randomUUID`, which browsers withhold from pages over plain HTTP. */
function newIdempotencyKey(): string {
  return `graphiql-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

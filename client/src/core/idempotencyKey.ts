/** A key for one message, which the server stores once however often it is sent. */

/** Needs no `crypto.randomUUID`, which React Native and pages without HTTPS lack. Unique, and not a secret. */
export function createIdempotencyKey(): string {
  const random = () => Math.random().toString(36).slice(2, 12);
  return globalThis.crypto?.randomUUID?.() ?? `${Date.now().toString(36)}-${random()}-${random()}`;
}

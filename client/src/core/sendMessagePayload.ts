/** What `addSent` needs of the payload of `sendMessage`. */

export interface SendMessagePayload {
  readonly message: { readonly id: string };
  readonly reply?: { readonly id: string } | null;
  readonly chat: { readonly id: string; readonly revision: number };
}

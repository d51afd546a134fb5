/** What the answer of `sendMessage` must hold for the page to need nothing more. */

export interface Sent {
  readonly message: { readonly id: string };
  readonly reply?: { readonly id: string } | null;
  readonly chat: { readonly id: string; readonly revision: number };
}

/** Paths of the page: `/` is the start page, `/c/<id>` a chat, and `/l#<token>` a link to a chat. */

export function chatIdFromPath(path: string): string | undefined {
  const id = /^\/c\/([^/]+)$/.exec(path)?.[1];
  return id && decode(id);
}

/** ID of a message, from the part of the address that follows the path of its chat. */
export function messageIdFrom(hash: string): string | undefined {
  return hash.length > 1 ? decode(hash.slice(1)) : undefined;
}

/** A path that is not valid percent-encoding identifies no chat, but must not break the page. */
function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** False for an address that leads to no page. */
export function isKnownPath(path: string): boolean {
  return path === "/" || path === "/l" || chatIdFromPath(path) !== undefined;
}

/** A link to a chat. Its role is `other` if the address was not copied as a whole. */
export interface ChatLink {
  readonly role: "reader" | "participant" | "other";
  readonly token: string;
}

/** The token follows the `#`, which browsers do not send: it reaches no log. */
export function linkFromAddress({ pathname, hash }: Pick<Location, "pathname" | "hash">): ChatLink | undefined {
  if (pathname !== "/l") return undefined;
  const token = hash.slice(1);
  if (token.startsWith("twotrackread_")) return { role: "reader", token };
  return { role: token.startsWith("twotrackjoin_") ? "participant" : "other", token };
}

export function linkAddress(token: string): string {
  return `${location.origin}/l#${token}`;
}

export function pathTo(chatId?: string): string {
  return chatId === undefined ? "/" : `/c/${encodeURIComponent(chatId)}`;
}

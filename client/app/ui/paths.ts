/** Paths of the page: `/` is the start page, `/c/<id>` a chat. */

export function chatIdFromPath(path: string): string | undefined {
  const id = /^\/c\/([^/]+)$/.exec(path)?.[1];
  return id && decode(id);
}

/** A path that is not valid percent-encoding identifies no chat, but must not break the page. */
function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

export function pathTo(chatId?: string): string {
  return chatId === undefined ? "/" : `/c/${encodeURIComponent(chatId)}`;
}

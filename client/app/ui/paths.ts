/** The page's addresses: `/`, and a chat's at `/c/<id>`. */

export function chatIdIn(path: string): string | undefined {
  const id = /^\/c\/([^/]+)$/.exec(path)?.[1];
  return id && decoded(id);
}

/** What is no encoded text names no chat, but must not stop the page. */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

export function pathOf(chatId?: string): string {
  return chatId === undefined ? "/" : `/c/${encodeURIComponent(chatId)}`;
}

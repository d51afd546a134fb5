/** The page's addresses: `/`, and a chat's at `/c/<id>`. */

export function chatIdIn(path: string): string | undefined {
  const id = /^\/c\/([^/]+)$/.exec(path)?.[1];
  return id && decodeURIComponent(id);
}

export function pathOf(chatId?: string): string {
  return chatId === undefined ? "/" : `/c/${encodeURIComponent(chatId)}`;
}

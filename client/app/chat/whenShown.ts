/** Waits until the page shows a message. Loads older messages until it does. */

/**
 * Calls back at once if the message is there. Calls back with undefined if it cannot be loaded. Returns a function that
 * cancels this.
 */
export function whenShown(
  rows: HTMLElement | null,
  messageId: string,
  loadUntil: (messageId: string) => Promise<void>,
  onShown: (message: HTMLElement | undefined) => void,
): () => void {
  const find = () => rows?.querySelector<HTMLElement>(`[data-message-id="${CSS.escape(messageId)}"]`) ?? undefined;
  const shown = find();
  if (shown) {
    onShown(shown);
    return () => {};
  }
  const finish = (message: HTMLElement | undefined) => {
    rendered.disconnect();
    onShown(message);
  };
  // What was loaded is rendered a moment later. A message that was deleted meanwhile is never rendered.
  const rendered = new MutationObserver(() => {
    const message = find();
    if (message) finish(message);
  });
  if (rows) rendered.observe(rows, { childList: true, subtree: true });
  let isCancelled = false;
  loadUntil(messageId).catch(() => !isCancelled && finish(undefined));
  return () => {
    isCancelled = true;
    rendered.disconnect();
  };
}

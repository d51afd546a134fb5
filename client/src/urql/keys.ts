/** For graphcache: the types that have no id and live inside their parents. */

const embedded = () => null;

export const keys: Record<string, () => null> = {
  ChatConnection: embedded,
  ChatEdge: embedded,
  MessageConnection: embedded,
  MessageEdge: embedded,
  MessageError: embedded,
  PageInfo: embedded,
  SyncEvent: embedded,
  Usage: embedded,
};

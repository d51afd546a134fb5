/** For graphcache: Twotrack's own types that have no id, and are stored inside their parents. */

const embedded = () => null;

export const keys: Record<string, () => null> = {
  ChatConnection: embedded,
  ChatEdge: embedded,
  MessageConnection: embedded,
  MessageEdge: embedded,
  PageInfo: embedded,
  StreamError: embedded,
  SyncEvent: embedded,
  Usage: embedded,
};

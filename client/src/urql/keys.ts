/** For graphcache: Twotrack's own types that have no id, and are stored inside their parents. */

const embedded = () => null;

export const keys: Record<string, () => null> = {
  Allowance: embedded,
  ChatConnection: embedded,
  ChatEdge: embedded,
  ExcerptPart: embedded,
  MessageConnection: embedded,
  MessageEdge: embedded,
  MessageVersion: embedded,
  PageInfo: embedded,
  SearchConnection: embedded,
  SearchEdge: embedded,
  StreamError: embedded,
  SyncEvent: embedded,
  Usage: embedded,
};

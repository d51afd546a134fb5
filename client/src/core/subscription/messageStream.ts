/** The stream that every client knows by default: the messages of Twotrack's own chats. */

import { LiveMessageFragmentDoc } from "../documents.ts";
import { defineStream, type StreamedType } from "./defineStream.ts";

export const messageStream = defineStream({
  type: "Message",
  field: "messageStream",
  poll: "message",
  fragment: LiveMessageFragmentDoc,
});

export function withMessageStream(streams: readonly StreamedType[] = []): readonly StreamedType[] {
  return streams.some(({ field }) => field === messageStream.field) ? streams : [...streams, messageStream];
}

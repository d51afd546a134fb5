/** What Apollo's cache must know about Twotrack's types. */

import type { TypePolicies } from "@apollo/client";
import { windowed } from "./windows.ts";

export const typePolicies: TypePolicies = {
  Chat: { fields: { messages: windowed() } },
  Viewer: { fields: { chats: windowed() } },
  // Neither has an id. Unmerged, a frame that selects other fields of them than the page makes the page's data
  // incomplete, and the page stops.
  MessageError: { merge: true },
  Usage: { merge: true },
};

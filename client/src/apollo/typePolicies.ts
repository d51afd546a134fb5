/** What Apollo's cache must know about Twotrack's own types. */

import type { TypePolicies } from "@apollo/client";
import { revisionedPagination } from "./revisionedPagination.ts";

export const typePolicies: TypePolicies = {
  Chat: { fields: { messages: revisionedPagination() } },
  Viewer: { fields: { chats: revisionedPagination() } },
  // These types have no id. Without merging, a frame that selects other subfields than the page's query would make the
  // query's data incomplete, and the page would stop updating.
  StreamError: { merge: true },
  Usage: { merge: true },
};

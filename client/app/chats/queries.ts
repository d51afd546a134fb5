/** The first query of the chat list, which is also preloaded. */

import { PAGE_SIZE } from "../chat/queries.ts";
import { ChatsDocument } from "../documents.ts";

export const chatListQuery = { query: ChatsDocument, variables: { first: PAGE_SIZE } };

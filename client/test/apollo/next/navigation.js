/** The context in which Next passes the function that inserts HTML into the stream of a page. */

import { createContext } from "react";

export const ServerInsertedHTMLContext = createContext(null);

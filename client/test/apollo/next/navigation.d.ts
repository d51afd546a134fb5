import type { Context } from "react";

export declare const ServerInsertedHTMLContext: Context<((insert: () => unknown) => void) | null>;

/** The hooks for urql. */

export { useSmoothText } from "../../react/useSmoothText.ts";
export { useConnection } from "./useConnection.ts";
export { useMessageStream } from "./useMessageStream.ts";
export { type UseStreamOptions, useStream } from "./useStream.ts";
export { type UseSyncOptions, useSync } from "./useSync.ts";

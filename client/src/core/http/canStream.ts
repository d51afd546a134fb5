/** Whether the runtime's `fetch` gives a response while it is still being received. */

/** React Native's own `fetch` returns a response only when it is complete. One that the app passes may stream. */
export function canStream(given: unknown): boolean {
  if (globalThis.TextDecoder === undefined) return false;
  return given !== undefined || (globalThis.Response !== undefined && "body" in globalThis.Response.prototype);
}

/** Says why WebSockets fail although the server answers over HTTP. Browsers tell a page no reason. */

export function explainFallback(url: string, page: string | undefined, code: number | undefined): string {
  const origin = page === undefined ? undefined : new URL(page).origin;
  const allow = origin === undefined ? "the page's origin" : `the page's origin ${origin}`;
  return (
    `Twotrack: ${url} answers over HTTP, but refuses WebSockets (close code ${code ?? "unknown"}). ` +
    "Subscriptions use HTTP until a WebSocket opens. Likely causes: a proxy does not forward WebSocket upgrades, or " +
    `it changes the Host header and TWOTRACK_ALLOWED_ORIGINS of the server lacks ${allow}.`
  );
}

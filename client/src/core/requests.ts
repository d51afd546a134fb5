/** What a request says of itself. */

/**
 * Whether it asks and changes nothing. The word `mutation` counts wherever it stands, as a document may be one line: a
 * query that is taken for a mutation costs less than a mutation that is taken for a query.
 */
export function isQuery(body: unknown): boolean {
  return textIn(body)?.match(MUTATION) === null;
}

export function isMutation(body: unknown): boolean {
  return MUTATION.test(textIn(body) ?? "");
}

const MUTATION = /\bmutation\b/;

function textIn(body: unknown): string | undefined {
  return typeof body === "string" ? (JSON.parse(body) as { query?: string }).query : undefined;
}

/** Tells queries from mutations by the body of a GraphQL request. */

/**
 * The word `mutation` counts anywhere in the document, since a document may be one line. A query that is mistaken for a
 * mutation loses its retries. A mutation that is mistaken for a query could be executed twice.
 */
const MUTATION = /\bmutation\b/;

export function isQuery(body: unknown): boolean {
  return documentIn(body)?.match(MUTATION) === null;
}

export function isMutation(body: unknown): boolean {
  return MUTATION.test(documentIn(body) ?? "");
}

function documentIn(body: unknown): string | undefined {
  return typeof body === "string" ? (JSON.parse(body) as { query?: string }).query : undefined;
}

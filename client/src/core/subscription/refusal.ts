/** What an object looks like whose stream the server refuses, for example because the object was deleted. */

import type { GraphQLFormattedError } from "graphql";
import { ownError } from "../transport/errors.ts";
import type { StreamedObject, StreamFailure } from "./revisions.ts";

export function failureOf(errors: readonly GraphQLFormattedError[]): StreamFailure {
  const [first] = errors;
  const error = errors.map(ownError).find((own) => own !== undefined) ?? first;
  return {
    code: String(error?.extensions?.code ?? "UNKNOWN"),
    message: error?.message ?? "The server refused the stream.",
  };
}

/**
 * The object keeps its text and no longer looks as if it were being generated. `status` and `error` say the same as for
 * a generation that has failed, so that a page which shows failures shows this one.
 */
export function refused<Shown extends StreamedObject>(object: Shown, error: StreamFailure): Shown {
  return { ...object, streaming: false, status: "FAILED", error };
}

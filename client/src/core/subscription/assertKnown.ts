/** Checks that a connection was created with the definition of a stream. */

import type { StreamedType } from "./defineStream.ts";

/** Throws if the client does not know the stream: its cache would accept old text, and HTTP could not poll. */
export function assertKnown({ type, field }: StreamedType, connection: Knowing | undefined): void {
  if (connection === undefined || connection.streams.some((stream) => stream.field === field)) return;
  throw new TypeError(
    `The client does not know the stream of ${type}. Pass its definition as \`streams\` to createConnection or createTwotrackClient.`,
  );
}

interface Knowing {
  readonly streams: readonly StreamedType[];
}

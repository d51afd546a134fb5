/** Revisions order the versions of an object: of two versions, the one with the greater revision is the newer. */

import type { StreamStatus } from "../documents.ts";

export interface Revisioned {
  readonly id: string;
  readonly revision: number;
}

/** What a hook needs of an object in order to stream it. */
export interface StreamedObject extends Revisioned {
  readonly streaming: boolean;
}

/** Why the text does not grow. For a refused stream, `code` is the server's: NOT_FOUND, FORBIDDEN, UNAUTHENTICATED … */
export interface StreamFailure {
  readonly code: string;
  readonly message: string;
}

/** The fields that every stream selects. */
export interface StreamedFields extends StreamedObject {
  readonly status: StreamStatus;
}

/** `error` is the object's own, or says why the server refused its stream. */
type WithFailure<Fields> = Fields extends { readonly error: infer Own }
  ? Omit<Fields, "error"> & { readonly error: Own | StreamFailure }
  : Fields;

interface AddedFields extends StreamedFields {
  readonly error: StreamFailure | null;
}

/**
 * An object with its own fields, as the page types them, and the fields that its stream adds. If the page types
 * `error.code` itself, its type should admit other codes: those with which the server may refuse the stream.
 */
export type LiveObject<Shown, Live> = Shown &
  Partial<Omit<WithFailure<Live>, keyof Shown> & Omit<AddedFields, keyof Shown | keyof Live>>;

/** The same for what may be missing: `null` and `undefined` stay what they are. */
export type LiveOf<Shown, Live> = Shown extends StreamedObject ? LiveObject<Shown, Live> : Shown;

/** True if the candidate may replace the known version. An equal revision may: a later result can have more fields. */
export function supersedes(candidate: Revisioned, known: Revisioned): boolean {
  return candidate.id !== known.id || candidate.revision >= known.revision;
}

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

/** The fields that every stream selects. */
export interface StreamedFields extends StreamedObject {
  readonly status: StreamStatus;
}

/** An object with its own fields, as the page types them, and the fields that its stream adds. */
export type LiveObject<Shown, Live> = Shown &
  Partial<Omit<Live, keyof Shown> & Omit<StreamedFields, keyof Shown | keyof Live>>;

/** True if the candidate may replace the known version. An equal revision may: a later result can have more fields. */
export function supersedes(candidate: Revisioned, known: Revisioned): boolean {
  return candidate.id !== known.id || candidate.revision >= known.revision;
}

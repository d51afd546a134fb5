/** The newest frame of each object, and the newest signal. */

import { type DocumentNode, type FragmentDefinitionNode, Kind, parse, type SelectionSetNode } from "graphql";
import type { StreamStatus } from "../core/documents.ts";
import type { StreamedObject } from "../core/subscription/revisions.ts";
import type { Payload, Result } from "../core/transport/transport.ts";

/** Changed fields of an object. */
export type Fields = Readonly<Record<string, unknown>> & { readonly status?: StreamStatus; readonly revision?: number };

type Frame = StreamedObject & Record<string, unknown>;

export class Frames {
  readonly #frames = new Map<string, Frame>();
  readonly #signals = new Map<string, number>();

  /** The revision rises by 1, from the greater one of the given object and the newest frame. */
  change(object: StreamedObject, fields: Fields): void {
    const known = this.#frames.get(object.id);
    const newest = known !== undefined && known.revision >= object.revision ? { ...object, ...known } : object;
    const revision = newest.revision + 1;
    this.#frames.set(object.id, { ...newest, revision, ...fields, streaming: fields.status === "STREAMING" });
  }

  signal(id: string, revision: number): void {
    this.#signals.set(id, revision);
  }

  /** The result that the server would send to this subscription now; undefined if the test has sent nothing for it. */
  latest({ query, variables }: Payload): { result: Result; isLast: boolean } | undefined {
    const document = parse(query);
    const field = subscribedField(document);
    if (field.name === "sync") {
      const id = idsOf(variables).find((id) => this.#signals.has(id));
      const event = { __typename: "SyncEvent", id, revision: this.#signals.get(id ?? ""), deleted: false };
      return id === undefined ? undefined : { result: { data: { sync: event } }, isLast: false };
    }
    const frame = this.#frames.get(idsOf(variables)[0] ?? "");
    if (frame === undefined) return undefined;
    return {
      result: { data: { [field.name]: selected(frame, field.selectionSet, document) } },
      isLast: !frame.streaming,
    };
  }
}

/** The `id` or `ids` of a subscription. */
export function idsOf(variables: Payload["variables"]): readonly string[] {
  return [variables?.id, variables?.ids].flat().filter((id) => typeof id === "string");
}

function subscribedField({ definitions }: DocumentNode): { name: string; selectionSet: SelectionSetNode } {
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const [field] = definition.selectionSet.selections;
    if (field?.kind === Kind.FIELD && field.selectionSet)
      return { name: field.name.value, selectionSet: field.selectionSet };
  }
  throw new TypeError("A subscription selects one field that has fields of its own.");
}

/** The selected fields. Those that the test has not given are null: caches complain about missing ones. */
function selected(frame: Frame, selectionSet: SelectionSetNode, document: DocumentNode): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) {
      fields[(selection.alias ?? selection.name).value] = frame[selection.name.value] ?? null;
      continue;
    }
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT ? selection : fragmentNamed(selection.name.value, document);
    if (!fragment) continue;
    Object.assign(fields, selected(frame, fragment.selectionSet, document));
    fields.__typename = frame.__typename ?? fragment.typeCondition?.name.value;
  }
  return fields;
}

function fragmentNamed(name: string, { definitions }: DocumentNode): FragmentDefinitionNode | undefined {
  return definitions.find(
    (definition): definition is FragmentDefinitionNode =>
      definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
  );
}

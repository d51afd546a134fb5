/** Defines the stream of one GraphQL type: its name, its fields, and the documents made from them. */

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type NameNode,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionNode,
} from "graphql";
import type { Revisioned } from "./revisions.ts";

// biome-ignore lint/suspicious/noExplicitAny: a fragment has no variables, and each library types that differently
export type FragmentDocument<Live> = TypedDocumentNode<Live, any>;

/** What connections and caches need to know of a stream. */
export interface StreamedType {
  /** The GraphQL type, for example `Note`. */
  readonly type: string;
  /** The subscription field that streams an object by its id, for example `noteStream`. */
  readonly field: string;
  /** The query field that returns an object by its id, for example `note`. Polled if the client gets no stream. */
  readonly poll: string;
}

export interface StreamDefinition<Live> extends StreamedType {
  /** The given fragment, with `id revision status streaming`. */
  readonly fragment: FragmentDocument<Live>;
  readonly fragmentName: string;
  readonly subscription: TypedDocumentNode<Readonly<Record<string, Live>>, { id: string }>;
  /** Selects `id revision`: how new a stored object is. */
  readonly revisionFragment: FragmentDocument<Revisioned>;
}

export interface StreamOptions<Live> extends StreamedType {
  /** The fields to stream, on `type`. `id revision status streaming` are added. */
  readonly fragment: FragmentDocument<Live>;
}

// Without the id a frame matches no object. The others tell which version is newer, and when the stream ends.
const REQUIRED_FIELDS = ["id", "revision", "status", "streaming"];

/**
 * Defines how a type streams:
 * `defineStream({ type: "Note", field: "noteStream", poll: "note", fragment: gql`fragment LiveNote on Note { body }` })`.
 *
 * Pass the definition to the client once (`createTwotrackClient({ streams: [notes] })`), then to `useStream`.
 */
export function defineStream<Live>({ type, field, poll, fragment }: StreamOptions<Live>): StreamDefinition<Live> {
  const given = fragment.definitions?.find((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  if (given?.typeCondition.name.value !== type)
    throw new TypeError(`${field} needs a fragment on ${type}: gql\`fragment Name on ${type} { … }\`.`);
  const complete = withFields(given, REQUIRED_FIELDS);
  const definitions = fragment.definitions.map((definition) => (definition === given ? complete : definition));
  return {
    type,
    field,
    poll,
    fragment: documentOf(definitions),
    fragmentName: given.name.value,
    subscription: documentOf([subscriptionOf(field, given.name), ...definitions]),
    revisionFragment: documentOf([withFields(fragmentOf(`${type}Revision`, type), ["id", "revision"])]),
  };
}

const variants = new WeakMap<StreamedType, WeakMap<DocumentNode, unknown>>();

/** The same stream with another fragment. The result is cached, since hooks ask for it on every render. */
export function withFragment<Live>(definition: StreamedType, fragment: FragmentDocument<Live>): StreamDefinition<Live> {
  const known = variants.get(definition) ?? new WeakMap<DocumentNode, unknown>();
  variants.set(definition, known);
  const variant = known.get(fragment) ?? defineStream({ ...definition, fragment });
  known.set(fragment, variant);
  return variant as StreamDefinition<Live>;
}

/** Adds the fields that the fragment does not select yet. */
function withFields(fragment: FragmentDefinitionNode, names: readonly string[]): FragmentDefinitionNode {
  const { selections } = fragment.selectionSet;
  const missing = names.filter((name) => !selections.some((selection) => isPlainField(selection, name)));
  return { ...fragment, selectionSet: selecting([...missing.map((name) => fieldOf(name)), ...selections]) };
}

function isPlainField(selection: SelectionNode, name: string): boolean {
  if (selection.kind !== Kind.FIELD || selection.directives?.length) return false;
  return selection.name.value === name && selection.alias === undefined;
}

function fragmentOf(name: string, type: string): FragmentDefinitionNode {
  return {
    kind: Kind.FRAGMENT_DEFINITION,
    name: nameOf(name),
    typeCondition: { kind: Kind.NAMED_TYPE, name: nameOf(type) },
    selectionSet: selecting([]),
  };
}

/** `subscription NoteStream($id: ID!) { noteStream(id: $id) { ...LiveNote } }` */
function subscriptionOf(field: string, fragmentName: NameNode): OperationDefinitionNode {
  const variable = { kind: Kind.VARIABLE, name: nameOf("id") } as const;
  const type = { kind: Kind.NON_NULL_TYPE, type: { kind: Kind.NAMED_TYPE, name: nameOf("ID") } } as const;
  const argument = { kind: Kind.ARGUMENT, name: nameOf("id"), value: variable } as const;
  const spread = { kind: Kind.FRAGMENT_SPREAD, name: fragmentName } as const;
  return {
    kind: Kind.OPERATION_DEFINITION,
    operation: OperationTypeNode.SUBSCRIPTION,
    name: nameOf(field.charAt(0).toUpperCase() + field.slice(1)),
    variableDefinitions: [{ kind: Kind.VARIABLE_DEFINITION, variable, type }],
    selectionSet: selecting([{ ...fieldOf(field), arguments: [argument], selectionSet: selecting([spread]) }]),
  };
}

function selecting(selections: readonly SelectionNode[]) {
  return { kind: Kind.SELECTION_SET, selections } as const;
}

function fieldOf(name: string): FieldNode {
  return { kind: Kind.FIELD, name: nameOf(name) };
}

function nameOf(value: string): NameNode {
  return { kind: Kind.NAME, value };
}

function documentOf<Data, Variables>(definitions: DefinitionNode[]): TypedDocumentNode<Data, Variables> {
  return { kind: Kind.DOCUMENT, definitions } as TypedDocumentNode<Data, Variables>;
}

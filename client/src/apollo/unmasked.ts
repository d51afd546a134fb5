/** Documents whose fragments stay visible under Apollo's data masking. */

import { type DocumentNode, type FragmentSpreadNode, Kind, visit } from "graphql";
import type { StreamDefinition } from "../core/subscription/defineStream.ts";

/**
 * Frames bypass the cache, so nothing could read what masking hides in them. `@unmask` is Apollo's own directive, which
 * it removes before it sends a document. The result is cached, since hooks ask for it on every render.
 */
export function unmasked<Live>(definition: StreamDefinition<Live>): StreamDefinition<Live> {
  const known = variants.get(definition) ?? {
    ...definition,
    fragment: withUnmask(definition.fragment),
    subscription: withUnmask(definition.subscription),
  };
  variants.set(definition, known);
  return known as StreamDefinition<Live>;
}

const variants = new WeakMap<object, unknown>();

function withUnmask<Document extends DocumentNode>(document: Document): Document {
  return visit(document, { [Kind.FRAGMENT_SPREAD]: unmask });
}

function unmask(spread: FragmentSpreadNode): FragmentSpreadNode {
  const others = spread.directives?.filter(({ name }) => name.value !== "unmask") ?? [];
  return { ...spread, directives: [...others, UNMASK] };
}

const UNMASK = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: "unmask" } } as const;

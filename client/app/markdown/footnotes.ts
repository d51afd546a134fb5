/** Numbers footnotes in the order in which they are referred to. Their names, such as `[^source]`, are not shown. */

import type { Nodes } from "mdast";

export interface Footnote {
  /** Number of the footnote in its text, from 1. */
  readonly number: number;
  /** Of a reference: how many references to the same footnote precede it. Of a footnote: how many there are. */
  readonly references: number;
}

declare module "mdast" {
  interface FootnoteReference {
    footnote?: Footnote | undefined;
  }
  interface FootnoteDefinition {
    /** Undefined if nothing refers to it. */
    footnote?: Footnote | undefined;
  }
}

export type Footnotes = ReadonlyMap<Nodes, Footnote>;

export function numberFootnotes(nodes: readonly Nodes[]): Footnotes {
  const numbers = new Map<string, { readonly number: number; references: number }>();
  const footnotes = new Map<Nodes, Footnote>();
  const definitions = new Map<string, Nodes>();
  const visit = (node: Nodes) => {
    if (node.type === "footnoteReference") {
      const { identifier } = node;
      const found = numbers.get(identifier) ?? { number: numbers.size + 1, references: 0 };
      numbers.set(identifier, found);
      footnotes.set(node, { ...found });
      found.references++;
    } else if (node.type === "footnoteDefinition" && !definitions.has(node.identifier))
      definitions.set(node.identifier, node);
    if ("children" in node) node.children.forEach(visit);
  };
  nodes.forEach(visit);
  for (const [identifier, node] of definitions) {
    const found = numbers.get(identifier);
    if (found) footnotes.set(node, { ...found });
  }
  return footnotes;
}

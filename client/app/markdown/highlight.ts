/** Colours code in the languages that models write most. */

import type { Nodes } from "hast";
import { common, createLowlight } from "lowlight";

const lowlight = createLowlight(common);

/** A stretch of code of one colour; without a kind, it has that of all text. */
export interface Token {
  readonly text: string;
  readonly kind?: string | undefined;
}

/** For each part of the code, a few lines, what it is made of. Undefined if nobody knows the language. */
export function colours(parts: readonly string[], language: string): Token[][] | undefined {
  if (!lowlight.registered(language)) return undefined;
  const coloured: Token[][] = [[]];
  let left = parts[0]?.length ?? 0;
  const take = (text: string, kind: string | undefined) => {
    if (text !== "") coloured.at(-1)?.push({ text, kind });
    left -= text.length;
  };
  for (const { text, kind } of tokens(lowlight.highlight(language, parts.join("\n")))) {
    let rest = text;
    while (rest.length > left) {
      const next = rest.slice(left + 1); // after the line break between two parts
      take(rest.slice(0, left), kind);
      rest = next;
      left = parts[coloured.push([]) - 1]?.length ?? 0;
    }
    take(rest, kind);
  }
  return coloured;
}

function* tokens(node: Nodes, kind?: string): Generator<Token> {
  if (node.type === "text") yield { text: node.value, kind };
  if (!("children" in node)) return;
  // Of two colours around a word, the inner one is what it is: a keyword in a string's braces.
  const own = node.type === "element" ? [node.properties.className].flat().join(" ") : kind;
  for (const child of node.children) yield* tokens(child, own);
}

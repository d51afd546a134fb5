/** Syntax highlighting of code, for common languages. Runs in a worker (`highlight.worker.ts`). */

import type { Nodes } from "hast";
import { common, createLowlight } from "lowlight";

const lowlight = createLowlight(common);

/** A piece of code and its CSS class; plain text has no class. */
export interface Token {
  readonly text: string;
  readonly className?: string | undefined;
}

/** Highlights code that is split into chunks of lines. Returns the tokens of each chunk; undefined for an unknown language. */
export function highlight(chunks: readonly string[], language: string): Token[][] | undefined {
  if (!lowlight.registered(language)) return undefined;
  const highlighted: Token[][] = [[]];
  let left = chunks[0]?.length ?? 0; // characters until the end of the current chunk
  const add = (text: string, className: string | undefined) => {
    if (text !== "") highlighted.at(-1)?.push({ text, className });
    left -= text.length;
  };
  for (const { text, className } of tokensOf(lowlight.highlight(language, chunks.join("\n")))) {
    let rest = text;
    while (rest.length > left) {
      const next = rest.slice(left + 1); // without the line break between two chunks
      add(rest.slice(0, left), className);
      rest = next;
      left = chunks[highlighted.push([]) - 1]?.length ?? 0;
    }
    add(rest, className);
  }
  return highlighted;
}

function* tokensOf(node: Nodes, className?: string): Generator<Token> {
  if (node.type === "text") yield { text: node.value, className };
  if (!("children" in node)) return;
  // The innermost class wins: a keyword inside the braces of a template string is a keyword.
  const own = node.type === "element" ? [node.properties.className].flat().join(" ") : className;
  for (const child of node.children) yield* tokensOf(child, own);
}

/**
 * What a long block is made of: a list of items, a table of rows, code of lines, a paragraph of runs of words. Each part
 * is parsed and rendered by itself, so that the thousandth row of a table costs what the first one did.
 */

import type { Code, ListItem, Nodes, Paragraph, PhrasingContent, RootContent, TableRow, Text } from "mdast";

export interface Block {
  /** Where its first line begins in the text. */
  readonly start: number;
  /** The whole block; without its parts, if it has any. */
  readonly node: RootContent;
  /** The lines that must stand before a part for it to be understood by itself: a table's head, a code's fence. */
  readonly head: string;
  readonly parts: readonly Part[];
}

type PartNode = ListItem | TableRow | Text | Paragraph;

export interface Part<Node extends PartNode = PartNode> {
  readonly start: number;
  readonly node: Node;
}

const LINES = 32; // of code in a part: few enough to be laid out in a moment, many enough to make few parts

/** `offset` is where `source` stands in the text; the last block of it is the one that grows. */
export function inParts(node: RootContent, source: string, offset: number, isLast: boolean): Block {
  const start = lineAt(source, node.position?.start.offset ?? 0);
  const block = { start: start + offset, node, head: "", parts: [] };
  const partAt = (part: ListItem | TableRow) => ({
    start: lineAt(source, part.position?.start.offset ?? 0) + offset,
    node: part,
  });
  switch (node.type) {
    case "list":
      return { ...block, node: { ...node, children: [] }, parts: node.children.map(partAt) };
    case "table": {
      const [titles, ...rows] = node.children;
      const head = source.slice(start, lineAfter(source, start, 2));
      return { ...block, node: { ...node, children: titles ? [titles] : [] }, head, parts: rows.map(partAt) };
    }
    case "code": {
      if (!/^ *(`{3}|~{3})/.test(source.slice(start))) return block; // indented code has no head
      const first = lineAfter(source, start, 1);
      return {
        ...block,
        node: { ...node, value: "" },
        head: source.slice(start, first),
        parts: inLines(node, source, first, offset),
      };
    }
    case "paragraph":
      return { ...block, node: { ...node, children: [] }, parts: inRuns(node, source, start, offset, isLast) };
    default:
      return block;
  }
}

/** All that no more text can turn into something else, and the rest. */
function inRuns(
  paragraph: Paragraph,
  source: string,
  start: number,
  offset: number,
  isLast: boolean,
): Part<Paragraph>[] {
  const run = (start: number, children: PhrasingContent[]) => ({
    start: start + offset,
    node: { ...paragraph, children },
  });
  const { children } = paragraph;
  for (let index = isLast ? pendingFrom(children) - 1 : -1; index >= 0; index--) {
    const text = children[index] as PhrasingContent;
    const at = text.position?.start.offset ?? 0;
    // Where it says something else than was written, nobody knows where it was written.
    if (text.type !== "text" || !source.startsWith(text.value, at)) continue;
    const end = text.value.search(LAST_WORD);
    if (end <= 0) continue;
    const [before, after] = [text.value.slice(0, end), text.value.slice(end)];
    return [
      run(start, [...children.slice(0, index), { ...text, value: before }]),
      run(at + end, [{ ...text, value: after }, ...children.slice(index + 1)]),
    ];
  }
  return [run(start, children)];
}

/** What begins with a letter behind a space is read the same at the beginning of a line. */
const LAST_WORD = /(?<=\S )\p{L}[^ \n]*( [^\p{L}\n][^ \n]*)* ?$/u;

/** The first of them in which something waits for its other end, such as a `*`. */
function pendingFrom(children: readonly PhrasingContent[]): number {
  const first = children.findIndex(isPending);
  return first < 0 ? children.length : first;
}

function isPending(node: Nodes): boolean {
  if (node.type === "text") return /[*_~`[\]<>&\\|!]/.test(node.value);
  return "children" in node && node.children.some(isPending);
}

function inLines({ value }: Code, source: string, first: number, offset: number): Part<Text>[] {
  if (value === "") return [];
  const lines = value.split("\n");
  const parts: Part<Text>[] = [];
  for (let line = 0, start = first; line < lines.length; line += LINES, start = lineAfter(source, start, LINES)) {
    const value = lines.slice(line, line + LINES).join("\n");
    parts.push({ start: start + offset, node: { type: "text", value } });
  }
  return parts;
}

/** A block that was begun before, and what was parsed of it now. */
export function join(begun: Block, more: Block): Block {
  const node =
    begun.node.type === "list" && more.node.type === "list"
      ? { ...begun.node, spread: begun.node.spread || more.node.spread }
      : begun.node;
  return { ...begun, node, parts: [...begun.parts, ...more.parts] };
}

/** Where the line begins that this offset is in. */
function lineAt(source: string, offset: number): number {
  return source.lastIndexOf("\n", offset - 1) + 1;
}

/** Where the line begins that is so many lines further on; behind the end if there are fewer. */
export function lineAfter(source: string, start: number, lines: number): number {
  let at = start;
  for (let line = 0; line < lines; line++) {
    const end = source.indexOf("\n", at);
    if (end < 0) return source.length + 1;
    at = end + 1;
  }
  return at;
}

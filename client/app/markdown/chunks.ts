/**
 * Splits long blocks into chunks: a list into items, a table into rows, code into groups of lines, a paragraph into runs of
 * text. Each chunk is parsed and rendered alone, so that the thousandth row of a table costs as much as the first.
 */

import type { Code, ListItem, Nodes, Paragraph, PhrasingContent, RootContent, TableRow, Text } from "mdast";
import { hasOpenDollar } from "./formulas.ts";

export interface Block {
  /** Offset of its first line in the text. */
  readonly start: number;
  /** The block; without the content of its chunks, if it has any. */
  readonly node: RootContent;
  /** Lines that must precede a chunk so that it can be parsed alone: the head of a table, the opening fence of code. */
  readonly head: string;
  readonly chunks: readonly Chunk[];
}

type ChunkNode = ListItem | TableRow | Text | Paragraph;

export interface Chunk<Node extends ChunkNode = ChunkNode> {
  /** Offset in the text. */
  readonly start: number;
  readonly node: Node;
}

const LINES_PER_CHUNK = 32; // of code: few enough for a fast layout, many enough to keep the number of chunks low

/** `offset` is the position of `source` in the text. Only the last block of the text can still grow (`isLast`). */
export function splitBlock(node: RootContent, source: string, offset: number, isLast: boolean): Block {
  const start = lineStart(source, node.position?.start.offset ?? 0);
  const block = { start: start + offset, node, head: "", chunks: [] };
  const chunkOf = (child: ListItem | TableRow) => ({
    start: lineStart(source, child.position?.start.offset ?? 0) + offset,
    node: child,
  });
  switch (node.type) {
    case "list":
      return { ...block, node: { ...node, children: [] }, chunks: node.children.map(chunkOf) };
    case "table": {
      const [header, ...rows] = node.children;
      const head = source.slice(start, skipLines(source, start, 2));
      return { ...block, node: { ...node, children: header ? [header] : [] }, head, chunks: rows.map(chunkOf) };
    }
    case "code": {
      if (!/^ *(`{3}|~{3})/.test(source.slice(start))) return block; // indented code has no fence
      const first = skipLines(source, start, 1);
      return {
        ...block,
        node: { ...node, value: "" },
        head: source.slice(start, first),
        chunks: splitLines(node, source, first, offset),
      };
    }
    case "paragraph":
      return { ...block, node: { ...node, children: [] }, chunks: splitRuns(node, source, start, offset, isLast) };
    default:
      return block;
  }
}

/** Text that is not parsed, as a block without chunks. */
export function verbatim(source: string, start: number): Block {
  return { start, node: { type: "text", value: source.replace(/\n+$/, "") }, head: "", chunks: [] };
}

/** Splits a paragraph in two: the text that cannot change any more, and the rest. */
function splitRuns(
  paragraph: Paragraph,
  source: string,
  start: number,
  offset: number,
  isLast: boolean,
): Chunk<Paragraph>[] {
  const run = (start: number, children: PhrasingContent[]) => ({
    start: start + offset,
    node: { ...paragraph, children },
  });
  const { children } = paragraph;
  for (let index = isLast ? firstPending(children) - 1 : -1; index >= 0; index--) {
    const text = children[index] as PhrasingContent;
    const at = text.position?.start.offset ?? 0;
    // If the parsed text differs from its source, for example after an escape, offsets in it are unknown.
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

/** A word that starts with a letter means the same at the start of a line, so a chunk can begin with it. */
const LAST_WORD = /(?<=\S )\p{L}[^ \n]*( [^\p{L}\n][^ \n]*)* ?$/u;

/** Index of the first child with a marker, such as `*`, that more text may close. */
function firstPending(children: readonly PhrasingContent[]): number {
  const first = children.findIndex(isPending);
  return first < 0 ? children.length : first;
}

function isPending(node: Nodes): boolean {
  if (node.type === "text") return /[*_~`[\]<>&\\|!]/.test(node.value) || hasOpenDollar(node.value);
  return "children" in node && node.children.some(isPending);
}

function splitLines({ value }: Code, source: string, first: number, offset: number): Chunk<Text>[] {
  if (value === "") return [];
  const lines = value.split("\n");
  const chunks: Chunk<Text>[] = [];
  let start = first;
  for (let line = 0; line < lines.length; line += LINES_PER_CHUNK) {
    const value = lines.slice(line, line + LINES_PER_CHUNK).join("\n");
    chunks.push({ start: start + offset, node: { type: "text", value } });
    start = skipLines(source, start, LINES_PER_CHUNK);
  }
  return chunks;
}

/** Joins a block that was parsed before and its continuation. */
export function joinBlocks(begun: Block, continuation: Block): Block {
  const node =
    begun.node.type === "list" && continuation.node.type === "list"
      ? { ...begun.node, spread: begun.node.spread || continuation.node.spread }
      : begun.node;
  return { ...begun, node, chunks: [...begun.chunks, ...continuation.chunks] };
}

/** Offset of the start of the line that contains this offset. */
function lineStart(source: string, offset: number): number {
  return source.lastIndexOf("\n", offset - 1) + 1;
}

/** Offset of the line that follows so many lines; one past the end of the source if there are fewer. */
export function skipLines(source: string, start: number, lines: number): number {
  let at = start;
  for (let line = 0; line < lines; line++) {
    const end = source.indexOf("\n", at);
    if (end < 0) return source.length + 1;
    at = end + 1;
  }
  return at;
}

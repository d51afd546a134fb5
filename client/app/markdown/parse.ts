/**
 * Parses Markdown incrementally while it streams.
 *
 * A block that is followed by another block is settled: no further text changes it. So is a chunk of a block (`chunks.ts`)
 * that is followed by another chunk. Each update therefore parses from the last chunk on, not all 20 kB.
 */

import type { Definition, Nodes, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { cjkFriendlyExtension } from "micromark-extension-cjk-friendly";
import { gfm } from "micromark-extension-gfm";
import remend from "remend";
import { type Block, joinBlocks, skipLines, splitBlock, verbatim } from "./chunks.ts";
import { type Footnotes, numberFootnotes } from "./footnotes.ts";
import { formulaFromMarkdown, formulaSyntax } from "./formulaSyntax.ts";
import { findFormulas, signsEnd } from "./formulas.ts";
import { FILLER, isMasked, mask, maskFormulas, maskSigns, unmask } from "./parserGuards.ts";
import { type Piece, parsedLength, split } from "./pieces.ts";

export interface Parsed {
  readonly settled: readonly Block[];
  readonly open: readonly Block[];
  readonly settledText: string;
  /** The settled chunks of the first open block. */
  readonly begun?: Block | undefined;
}

/** GFM, in which one `~` is text (`20~25`), and emphasis works without spaces around it, as in Chinese and Japanese. */
const DIALECT = {
  extensions: [gfm({ singleTilde: false }), cjkFriendlyExtension(), formulaSyntax],
  mdastExtensions: [gfmFromMarkdown(), formulaFromMarkdown],
};

const EMPTY: Parsed = { settled: [], open: [], settledText: "" };

export function parse(source: string, isStreaming: boolean, before: Parsed = EMPTY): Parsed {
  const text = source.includes("\r") ? source.replace(/\r\n?/g, "\n") : source;
  const end = parsedLength(text);
  if (end === text.length) return parseAll(text, isStreaming, before);
  const isKnown = before.settledText.length === end && text.startsWith(before.settledText);
  const open = [verbatim(text.slice(end), end)];
  if (isKnown) return { ...before, open };
  const parsed = parseAll(text.slice(0, end), false, before);
  return { settled: [...parsed.settled, ...parsed.open], open, settledText: text.slice(0, end) };
}

function parseAll(text: string, isStreaming: boolean, before: Parsed): Parsed {
  const known = text.startsWith(before.settledText) ? before : EMPTY;
  if (!isStreaming && hasDefinitions(text))
    return { settled: withDefinitions(text, known.settled), open: [], settledText: text };
  const completed = isStreaming ? complete(text, known) : text;
  return settle(text, completed, known, parseFrom(completed, known.settledText.length, known.begun));
}

/** A definition, `[a]: https://…`, turns every `[a]` above it into a link. So such a text is parsed again when it ends. */
function hasDefinitions(text: string): boolean {
  return /^ {0,3}\[[^\]\n]+\]:/m.test(text);
}

/** Closes open markers at the end, such as `**bold`, so that the text does not flicker. */
function complete(text: string, { settledText, begun }: Parsed): string {
  const open = text.slice(settledText.length);
  if (isPlainText(open, begun)) return text;
  const isInCode = (open.match(FENCES)?.length ?? 0) % 2 !== (begun?.node.type === "code" ? 1 : 0);
  if (isInCode) return text;
  const held = heldRow(open, begun);
  if (held < open.length) return text.slice(0, settledText.length + held);
  const { hidden, reveal } = hideFormulas(open);
  // An open marker does not reach beyond its list item, table row or paragraph.
  const start = Math.max(...[...hidden.matchAll(STARTS)].map(({ index }) => index), 0);
  const source = hidden.slice(start);
  if (mask(source) !== source) return text;
  const closed = remend(source, { linkMode: "text-only", katex: false });
  const lastLine = source.lastIndexOf("\n") + 1;
  // Only the last line may change, so that all blocks still start at the same offsets.
  if (!closed.startsWith(source.slice(0, lastLine))) return text;
  return text.slice(0, settledText.length) + reveal(hidden.slice(0, start) + closed);
}

/** Offset of the row of a table, or the first two lines of one, that is not complete; the length of the text if there is none. */
function heldRow(open: string, begun: Block | undefined): number {
  const lines = open.slice(-2 * MAX_HELD).split("\n");
  const line = lines.pop() ?? "";
  let rows = 0;
  while (rows < lines.length && ROW.test(lines.at(-1 - rows) ?? "")) rows++;
  const isHeld = ROW.test(line) || (line === "" && rows === 1);
  // A single row is the head of a table, if a line of hyphens follows.
  const head = rows === 1 && begun?.node.type !== "table" ? lines.at(-1) : undefined;
  const length = line.length + (head === undefined ? 0 : head.length + 1);
  return isHeld && length <= MAX_HELD ? open.length - length : open.length;
}

const ROW = /^[ \t>]*\|/;

const MAX_HELD = 1_000; // characters

/**
 * Hides the formulas of the last paragraph, whose stars and underscores mark nothing. One that is not closed yet is not
 * revealed: until it is, it is shown as it was written.
 */
function hideFormulas(text: string): { hidden: string; reveal: (completed: string) => string } {
  const from = text.lastIndexOf("\n\n") + 1;
  const paragraph = text.slice(from);
  const { closed, open = paragraph.length } = findFormulas(paragraph);
  let hidden = text.slice(0, from);
  let originals = "";
  let at = 0;
  for (const { start, end } of closed) {
    hidden += paragraph.slice(at, start) + FILLER.repeat(end - start);
    originals += paragraph.slice(start, end);
    at = end;
  }
  hidden += paragraph.slice(at, open) + maskSigns(paragraph.slice(open));
  let revealed = 0;
  return { hidden, reveal: (completed) => completed.replaceAll(FILLER, () => originals.charAt(revealed++)) };
}

const FENCES = /^\s*(`{3}|~{3})/gm;

/** Starts of paragraphs, list items and table rows. */
const STARTS = /(?<=\n\n)|^(?= {0,3}([-*+]|\d+[.)]) |\|)/gm;

/** Parses the text from `start` on. The first block continues `begun`. */
function parseFrom(text: string, start: number, begun?: Block): Block[] {
  const head = begun?.head ?? "";
  const source = head + text.slice(start);
  const pieces = split(source);
  const formulasEnd = signsEnd(text);
  if (begun !== undefined && pieces[0]?.isVerbatim) return parseFrom(text, begun.start);
  const blocks: Block[] = [];
  let offset = start - head.length;
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1;
    blocks.push(...parsePiece(piece, offset, isLast, index === 0 ? begun : undefined, formulasEnd));
    offset += piece.source.length;
  }
  if (begun === undefined) return blocks;
  const [first, ...rest] = blocks;
  return first?.node.type === begun.node.type ? [joinBlocks(begun, first), ...rest] : parseFrom(text, begun.start);
}

function parsePiece(
  { source, isVerbatim }: Piece,
  offset: number,
  isLast: boolean,
  begun: Block | undefined,
  formulasEnd: number,
): Block[] {
  if (isVerbatim) return [verbatim(source, offset)];
  const isPlain = isPlainText(source, begun);
  const children = isPlain ? [plainParagraph(source)] : parseSource(maskFormulas(source, formulasEnd - offset), begun);
  return children.map((node, index) => splitBlock(node, source, offset, isLast && index === children.length - 1));
}

function parseSource(source: string, begun: Block | undefined): RootContent[] {
  const masked = mask(source, begun?.node.type === "table" ? begun.chunks.length : 0);
  const { children } = fromMarkdown(masked, DIALECT);
  return isMasked(masked) ? unmask(children) : children;
}

/** True if a paragraph continues with text that contains no syntax. Much text is like that, and needs no parser. */
function isPlainText(source: string, begun: Block | undefined): boolean {
  return begun?.node.type === "paragraph" && PLAIN_TEXT.test(source);
}

/**
 * The plain text by which `text` continues the last paragraph of an earlier text. Undefined if it does not, or if it has
 * become so long that it should be settled.
 */
export function plainTail(text: string, earlier: string, { settledText, begun }: Parsed): string | undefined {
  const tail = text.slice(earlier.trimEnd().length);
  const isContinued = tail.length <= MAX_TAIL && text.startsWith(earlier);
  return isContinued && isPlainText(text.slice(settledText.length), begun) ? tail : undefined;
}

const MAX_TAIL = 200; // characters

const PLAIN_TEXT = /^(?!.*www\.)\p{L}[^\n\t*_~`[\]<>&\\|/@$\ufdd0-\ufdef]*$/iu;

function plainParagraph(line: string): RootContent {
  const value = line.replace(/ +$/, "");
  const position = { start: { line: 1, column: 1, offset: 0 }, end: { line: 1, column: value.length + 1 } };
  return { type: "paragraph", position, children: [{ type: "text", value, position }] };
}

/** Settles all blocks and chunks before the last one whose start no further text can change. */
function settle(text: string, completed: string, known: Parsed, blocks: readonly Block[]): Parsed {
  for (let index = blocks.length - 1; index >= 0; index--) {
    const block = blocks[index] as Block;
    const settled = [...known.settled, ...blocks.slice(0, index)];
    const open = blocks.slice(index);
    const first = block.head === "" ? 1 : 0; // without a head, the first chunk starts where the block starts
    const isFixed = block.node.type === "paragraph" ? isUncompleted : isFixedChunk;
    const last = block.chunks.findLastIndex(({ start }, chunk) => chunk >= first && isFixed(text, start, completed));
    if (last >= 0) {
      const settledText = text.slice(0, block.chunks[last]?.start);
      return { settled, open, settledText, begun: { ...block, chunks: block.chunks.slice(0, last) } };
    }
    if (isFixedBlock(text, block, blocks[index - 1])) return { settled, open, settledText: text.slice(0, block.start) };
  }
  return { ...known, open: blocks };
}

/** True if no marker was closed (`complete`) before the start of this run of text. */
function isUncompleted(text: string, start: number, completed: string): boolean {
  return text.startsWith(completed.slice(0, start + 1));
}

function isFixedChunk(text: string, start: number): boolean {
  FIXED_CHUNK.lastIndex = start;
  return hasCompleteLines(text, start) || FIXED_CHUNK.test(text);
}

/** A list item with text cannot become a thematic break (`- - -`). A table row is a row from its first character on. */
const FIXED_CHUNK = /[ \t]*(([-*+]|\d{1,9}[.)])[ \t]+[^\s*-]|\|)/y;

function isFixedBlock(text: string, { node, start }: Block, before: Block | undefined): boolean {
  // The second line turns the first into a table.
  if (hasCompleteLines(text, start, node.type === "table" ? 2 : 1)) return true;
  if (before === undefined) return false;
  return (
    SINGLE_LINE.has(before.node.type) || (ENDED_BY_BLANK_LINE.has(before.node.type) && isAfterBlankLine(text, start))
  );
}

/** Blocks that end with their line. */
const SINGLE_LINE = new Set(["heading", "thematicBreak"]);

const ENDED_BY_BLANK_LINE = new Set(["paragraph", "blockquote", "table"]);

function isAfterBlankLine(text: string, start: number): boolean {
  return /\n[ \t]*\n$/.test(text.slice(text.lastIndexOf("\n", start - 2), start));
}

/** An incomplete line is ambiguous: `-` may start an item or a thematic break, `#` a heading or a word. */
function hasCompleteLines(text: string, start: number, lines = 1): boolean {
  return skipLines(text, start, lines) <= text.lastIndexOf("\n") + 1;
}

/**
 * Replaces references by links and numbers footnotes, because each block is rendered alone. A block without references
 * keeps its identity.
 */
function withDefinitions(text: string, known: readonly Block[]): Block[] {
  const blocks = parseFrom(text, 0);
  const nodes = blocks.flatMap(({ node, chunks }) => [node, ...chunks.map(({ node }) => node)]);
  const definitions = new Map<string, Definition>();
  for (const definition of nodes.flatMap(definitionsIn))
    if (!definitions.has(definition.identifier)) definitions.set(definition.identifier, definition); // the first one wins
  const footnotes = numberFootnotes(nodes);
  return blocks.map((block, index) => {
    const source = text.slice(block.start, blocks[index + 1]?.start);
    if (!source.includes("[") && known[index]?.start === block.start) return known[index];
    const chunks = block.chunks.map((chunk) => ({ ...chunk, node: resolve(chunk.node, definitions, footnotes) }));
    return { ...block, node: resolve(block.node, definitions, footnotes), chunks };
  });
}

function definitionsIn(node: Nodes): Definition[] {
  if (node.type === "definition") return [node];
  return "children" in node ? node.children.flatMap(definitionsIn) : [];
}

function resolve<Node extends Nodes>(
  node: Node,
  definitions: ReadonlyMap<string, Definition>,
  footnotes: Footnotes,
): Node {
  const known =
    "children" in node
      ? { ...node, children: node.children.map((child) => resolve(child, definitions, footnotes)) }
      : node;
  if (known.type === "footnoteReference" || known.type === "footnoteDefinition")
    return { ...known, footnote: footnotes.get(node) } as Nodes as Node;
  if (known.type !== "linkReference" && known.type !== "imageReference") return known;
  const { url, title } = definitions.get(known.identifier) ?? { url: "", title: null };
  return { ...known, type: known.type === "linkReference" ? "link" : "image", url, title } as Nodes as Node;
}

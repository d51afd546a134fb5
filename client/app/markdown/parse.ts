/**
 * Growing Markdown, parsed where it grows.
 *
 * A block that is followed by another one will not change any more, however much text comes, and neither will a part of
 * a block (`parts.ts`) that is followed by another one. So each update parses from the last part on, and the page
 * renders that one anew instead of 20 kB.
 */

import type { Definition, Nodes, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import remend from "remend";
import { type Block, inParts, join, lineAfter } from "./chunks.ts";
import { tamed, untamed } from "./parserGuards.ts";

export interface Parsed {
  readonly settled: readonly Block[];
  readonly open: readonly Block[];
  readonly settledText: string;
  /** The first open block, as far as the settled text goes. */
  readonly begun?: Block | undefined;
}

const DIALECT = { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] };

const NOTHING: Parsed = { settled: [], open: [], settledText: "" };

export function parse(written: string, isGrowing: boolean, before: Parsed = NOTHING): Parsed {
  const text = written.includes("\r") ? written.replace(/\r\n?/g, "\n") : written;
  const known = text.startsWith(before.settledText) ? before : NOTHING;
  if (!isGrowing && hasDefinitions(text))
    return { settled: withLinks(text, known.settled), open: [], settledText: text };
  const shown = isGrowing ? completed(text, known) : text;
  return settle(text, shown, known, blocksFrom(shown, known.settledText.length, known.begun));
}

/** `[a]: https://…` below may turn a `[a]` far above into a link: such a text is parsed as a whole once it is finished. */
function hasDefinitions(text: string): boolean {
  return /^ {0,3}\[[^\]\n]+\]:/m.test(text);
}

/** Closes what is half-written, such as `**bold`, so that it does not flicker. */
function completed(text: string, { settledText, begun }: Parsed): string {
  const open = text.slice(settledText.length);
  if (isWords(open, begun)) return text;
  const isInCode = (open.match(FENCES)?.length ?? 0) % 2 !== (begun?.node.type === "code" ? 1 : 0);
  if (isInCode) return text;
  // What stands open in an item, a row or a paragraph stays there.
  const start = Math.max(...[...open.matchAll(BEGINNINGS)].map(({ index }) => index), 0);
  const source = open.slice(start);
  if (tamed(source) !== source) return text;
  const whole = remend(source, { linkMode: "text-only", katex: false });
  const lastLine = source.lastIndexOf("\n") + 1;
  // Where blocks begin must stay the same.
  if (!whole.startsWith(source.slice(0, lastLine))) return text;
  return text.slice(0, settledText.length + start) + whole;
}

const FENCES = /^\s*(`{3}|~{3})/gm;

/** Of a paragraph, an item, or a row. */
const BEGINNINGS = /(?<=\n\n)|^(?= {0,3}([-*+]|\d+[.)]) |\|)/gm;

/** The blocks of the text from there on; the first of them goes on with what was begun. */
function blocksFrom(text: string, start: number, begun?: Block): Block[] {
  const head = begun?.head ?? "";
  const source = head + text.slice(start);
  const children = isWords(source, begun) ? [words(source)] : parsed(source);
  const blocks = children.map((node, index) =>
    inParts(node, source, start - head.length, index === children.length - 1),
  );
  if (begun === undefined) return blocks;
  const [first, ...rest] = blocks;
  return first?.node.type === begun.node.type ? [join(begun, first), ...rest] : blocksFrom(text, begun.start);
}

function parsed(source: string): RootContent[] {
  const tame = tamed(source);
  const { children } = fromMarkdown(tame, DIALECT);
  return tame === source ? children : untamed(children);
}

/** A line goes on in which nothing means anything but itself: much of what is written, and no work for a parser. */
function isWords(source: string, begun: Block | undefined): boolean {
  return begun?.node.type === "paragraph" && WORDS.test(source);
}

const WORDS = /^(?!.*www\.)\p{L}[^\n\t*_~`[\]<>&\\|/@]*$/iu;

function words(line: string): RootContent {
  const value = line.replace(/ +$/, "");
  const position = { start: { line: 1, column: 1, offset: 0 }, end: { line: 1, column: value.length + 1 } };
  return { type: "paragraph", position, children: [{ type: "text", value, position }] };
}

/** Up to the last beginning of a block, or of a part, that no more text can turn into something else. */
function settle(text: string, shown: string, known: Parsed, blocks: readonly Block[]): Parsed {
  for (let index = blocks.length - 1; index >= 0; index--) {
    const block = blocks[index] as Block;
    const settled = [...known.settled, ...blocks.slice(0, index)];
    const open = blocks.slice(index);
    const least = block.head === "" ? 1 : 0; // without a head, the first part is where the block begins
    const isSure = block.node.type === "paragraph" ? isAsWritten : isSurePart;
    const sure = block.parts.findLastIndex(({ start }, part) => part >= least && isSure(text, start, shown));
    if (sure >= 0) {
      const settledText = text.slice(0, block.parts[sure]?.start);
      return { settled, open, settledText, begun: { ...block, parts: block.parts.slice(0, sure) } };
    }
    if (isSureBlock(text, block, blocks[index - 1])) return { settled, open, settledText: text.slice(0, block.start) };
  }
  return { ...known, open: blocks };
}

/** A run of words is sure unless something that is half-written was closed before it. */
function isAsWritten(text: string, start: number, shown: string): boolean {
  return text.startsWith(shown.slice(0, start + 1));
}

function isSurePart(text: string, start: number): boolean {
  SURE_PART.lastIndex = start;
  return isComplete(text, start) || SURE_PART.test(text);
}

/** An item that says something is no rule any more; a row is one from its first character on. */
const SURE_PART = /[ \t]*(([-*+]|\d{1,9}[.)])[ \t]+[^\s*-]|\|)/y;

function isSureBlock(text: string, { node, start }: Block, before: Block | undefined): boolean {
  // It is the second line that makes a table of the first.
  if (isComplete(text, start, node.type === "table" ? 2 : 1)) return true;
  if (before === undefined) return false;
  return ENDED.has(before.node.type) || (ENDED_BY_BLANK_LINE.has(before.node.type) && isAfterBlankLine(text, start));
}

/** Nothing that follows is part of them. */
const ENDED = new Set(["heading", "thematicBreak"]);

const ENDED_BY_BLANK_LINE = new Set(["paragraph", "blockquote", "table"]);

function isAfterBlankLine(text: string, start: number): boolean {
  return /\n[ \t]*\n$/.test(text.slice(text.lastIndexOf("\n", start - 2), start));
}

/** A line that is not complete may be anything yet: `-` an item or a rule, `#` a heading or a word. */
function isComplete(text: string, start: number, lines = 1): boolean {
  return lineAfter(text, start, lines) <= text.lastIndexOf("\n") + 1;
}

/** Blocks are rendered one by one, so each must know by itself where it links to. What links nowhere stays as it was. */
function withLinks(text: string, known: readonly Block[]): Block[] {
  const blocks = blocksFrom(text, 0);
  const definitions = new Map<string, Definition>();
  for (const { node, parts } of blocks)
    for (const definition of [node, ...parts.map(({ node }) => node)].flatMap(definitionsIn))
      if (!definitions.has(definition.identifier)) definitions.set(definition.identifier, definition); // the first counts
  return blocks.map((block, index) => {
    const source = text.slice(block.start, blocks[index + 1]?.start);
    if (!source.includes("[") && known[index]?.start === block.start) return known[index];
    const parts = block.parts.map((part) => ({ ...part, node: linked(part.node, definitions) }));
    return { ...block, node: linked(block.node, definitions), parts };
  });
}

function definitionsIn(node: Nodes): Definition[] {
  if (node.type === "definition") return [node];
  return "children" in node ? node.children.flatMap(definitionsIn) : [];
}

function linked<Node extends Nodes>(node: Node, definitions: ReadonlyMap<string, Definition>): Node {
  const known =
    "children" in node ? { ...node, children: node.children.map((child) => linked(child, definitions)) } : node;
  if (known.type !== "linkReference" && known.type !== "imageReference") return known;
  const { url, title } = definitions.get(known.identifier) ?? { url: "", title: null };
  return { ...known, type: known.type === "linkReference" ? "link" : "image", url, title } as Nodes as Node;
}

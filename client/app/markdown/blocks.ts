/**
 * Growing Markdown, parsed where it grows.
 *
 * A block that is followed by another one will not change any more, however much text comes: only the last block is
 * open. So each update parses from there on, and the page renders that one block anew instead of 20 kB.
 */

import type { Definition, Nodes, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import remend from "remend";

export interface Block {
  readonly source: string;
  readonly node: RootContent;
}

export interface Parsed {
  readonly settled: readonly Block[];
  readonly open: readonly Block[];
  readonly settledText: string;
}

const NOTHING: Parsed = { settled: [], open: [], settledText: "" };

export function parse(text: string, isGrowing: boolean, before: Parsed = NOTHING): Parsed {
  if (!isGrowing && hasDefinitions(text)) return { settled: withLinks(blocksOf(text)), open: [], settledText: text };
  const known = text.startsWith(before.settledText) ? before : NOTHING;
  const tail = text.slice(known.settledText.length);
  const blocks = blocksOf(tail);
  const last = blocks.at(-1);
  if (last === undefined) return { ...known, open: [] };
  const settledText = text.slice(0, text.length - tail.length + last.start);
  return {
    settled: blocks.length > 1 ? [...known.settled, ...blocks.slice(0, -1)] : known.settled,
    open: isGrowing ? completed(last) : [last],
    settledText,
  };
}

/** `[a]: https://…` below may turn a `[a]` far above into a link: such a text is parsed as a whole once it is finished. */
function hasDefinitions(text: string): boolean {
  return /^ {0,3}\[[^\]\n]+\]:/m.test(text);
}

/** Closes what is half-written, such as `**bold`, so that it does not flicker. */
function completed(last: Block): readonly Block[] {
  const source = remend(last.source, { linkMode: "text-only", katex: false });
  return source === last.source ? [last] : blocksOf(source);
}

function blocksOf(text: string): (Block & { start: number })[] {
  const { children } = fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  return children.map((node) => {
    const [start, end] = [node.position?.start.offset ?? 0, node.position?.end.offset ?? text.length];
    return { node, start, source: text.slice(start, end) };
  });
}

/** Blocks are rendered one by one, so each must know by itself where it links to. */
function withLinks(blocks: readonly Block[]): Block[] {
  const definitions = new Map<string, Definition>();
  for (const { node } of blocks) if (node.type === "definition") definitions.set(node.identifier, node);
  return blocks.map((block) => ({ ...block, node: linked(block.node, definitions) }));
}

function linked<Node extends Nodes>(node: Node, definitions: ReadonlyMap<string, Definition>): Node {
  const known =
    "children" in node ? { ...node, children: node.children.map((child) => linked(child, definitions)) } : node;
  if (known.type !== "linkReference") return known;
  const { url, title } = definitions.get(known.identifier) ?? { url: "", title: null };
  return { ...known, type: "link", url, title } as Nodes as Node;
}

/**
 * Converts parsed Markdown to React elements. The text of a model is untrusted: HTML in it is shown as text, and nothing
 * that it links to is loaded without a click.
 */

import type { Element, ElementContent, Nodes } from "hast";
import { defaultSchema, sanitize } from "hast-util-sanitize";
import type { FootnoteDefinition, FootnoteReference, Link, Paragraph, RootContent, TableRow } from "mdast";
import { defaultHandlers, type Handlers, toHast } from "mdast-util-to-hast";
import { type ComponentProps, cloneElement, type ReactElement, type ReactNode, use } from "react";
import { CodeBlock, IsOpen } from "./CodeBlock.tsx";
import { FootnoteBackLink, FootnoteNumber, FootnoteReference as FootnoteReferenceLink } from "./FootnoteLinks.tsx";
import { Formula } from "./Formula.tsx";
import type { Footnote } from "./footnotes.ts";
import type { FormulaNode } from "./formulaSyntax.ts";
import { type Components, toReact } from "./toReact.ts";
import type { Translatable } from "./translation.ts";

/**
 * `path` selects a descendant: the first element with the first name, then the first one with the next name inside it.
 * `properties` are added to what is selected, if that is one element.
 */
export function elements(
  node: RootContent,
  path: readonly string[],
  properties?: Translatable<HTMLElement> & { readonly dir?: "auto" },
): ReactNode {
  const selected = path.reduce<Nodes | undefined>((parent, name) => parent && find(parent, name), treeOf(node));
  if (selected === undefined) return undefined;
  const only = "children" in selected && selected.type === "root" ? selected.children[0] : selected;
  const isOne = selected.type !== "root" || selected.children.length === 1;
  if (properties === undefined || !isOne || only?.type !== "element") return toReact(selected, components);
  return cloneElement(toReact(only as Element, components) as ReactElement<object>, properties);
}

/** The content of a paragraph, without the `<p>`. */
export function inlineElements(paragraph: Paragraph): ReactNode {
  const children = find(treeOf(paragraph), "p")?.children ?? [];
  return toReact({ type: "root", children }, components);
}

/** Elements of the page's own. A model cannot write them, because HTML is shown as text. */
const OWN = ["tex-formula", "footnote-reference", "footnote-number", "footnote-back"];

const SCHEMA = {
  ...defaultSchema,
  tagNames: [...(defaultSchema.tagNames ?? []), ...OWN],
  attributes: {
    ...defaultSchema.attributes,
    ...Object.fromEntries(OWN.map((name) => [name, ["dataNumber", "dataReference"]])),
    div: [["className", "footnote"]] satisfies [string, string][],
  },
};

function treeOf(node: RootContent): Nodes {
  return sanitize(toHast({ type: "root", children: [node] }, { handlers }), SCHEMA);
}

function find(node: Nodes, tagName: string): Element | undefined {
  if (!("children" in node)) return undefined;
  if (node.type === "element" && node.tagName === tagName) return node;
  for (const child of node.children) {
    const found = find(child, tagName);
    if (found) return found;
  }
  return undefined;
}

/** True for a row that is shown as it was written (`parserGuards.ts`). */
function isUnsplit({ children: [cell] }: TableRow): boolean {
  const [text] = cell?.children ?? [];
  return text?.type === "text" && text.value.includes("|");
}

/** Text with the only tag that is not shown as it was written: a table cell has no other way to break a line. */
export function isLineBreak(html: string): boolean {
  return /^<br\s*\/?>$/i.test(html);
}

/** Punctuation of Chinese and Japanese, which no address contains unescaped. */
const FULL_WIDTH = /[\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/;

/** True if the link was written as an address, without brackets. */
function isAddress({ url }: Link, text: string): boolean {
  return text !== "" && (url === text || url === `http://${text}` || url === `mailto:${text}`);
}

function shortened(url: string, rest: string): string {
  return url.slice(0, url.length - rest.length);
}

const handlers: Handlers = {
  /** One empty cell stands for all that a row lacks, so that a short text cannot make a million of them. */
  tableRow: (state, node: TableRow, parent): Element => {
    const table = parent?.type === "table" ? parent : undefined;
    const columns = table?.align?.length ?? node.children.length;
    const missing = columns - node.children.length;
    const align = table?.align?.slice(0, node.children.length) ?? null;
    const row: Element = defaultHandlers.tableRow(state, node, table && { ...table, align });
    const cells = row.children.filter((child) => child.type === "element");
    const first = cells[0];
    if (missing <= 0 || first === undefined) return row;
    if (isUnsplit(node)) first.properties.colSpan = columns;
    else row.children.push({ type: "element", tagName: first.tagName, properties: { colSpan: missing }, children: [] });
    return row;
  },
  html: (_, { value }: { value: string }): ElementContent =>
    isLineBreak(value) ? { type: "element", tagName: "br", properties: {}, children: [] } : { type: "text", value },
  formula: (_, { value, isBlock }: FormulaNode): Element => {
    const formula: Element = {
      type: "element",
      tagName: "tex-formula",
      properties: {},
      children: [{ type: "text", value }],
    };
    return isBlock ? { type: "element", tagName: "p", properties: {}, children: [formula] } : formula;
  },
  /** An address in a text without spaces ends before full-width punctuation, for example before `。`. */
  link: (state, node: Link): Array<ElementContent> => {
    const [child] = node.children;
    const text = child?.type === "text" && node.children.length === 1 ? child.value : "";
    const end = isAddress(node, text) ? text.search(FULL_WIDTH) : -1;
    const kept = end > 0 ? { ...node, url: shortened(node.url, text.slice(end)) } : node;
    const children: ElementContent[] = end > 0 ? [{ type: "text", value: text.slice(0, end) }] : state.all(node);
    const anchor: Element = { type: "element", tagName: "a", properties: { href: kept.url }, children };
    if (node.title) anchor.properties.title = node.title;
    return end > 0 ? [anchor, { type: "text", value: text.slice(end) }] : [anchor];
  },
  /** A link instead: the URL of an image can carry text of the chat to its host, so the browser must not load it. */
  image: (_, { url, alt }: { url: string; alt?: string | null }): Element => ({
    type: "element",
    tagName: "a",
    properties: { href: url },
    children: [{ type: "text", value: alt || url }],
  }),
  /** Until the text ends, its footnotes have no numbers. */
  footnoteReference: (_, { label, identifier, footnote }: FootnoteReference): Element =>
    footnote ? anchor("footnote-reference", footnote) : superscript(label ?? identifier),
  /** Shown in place, because the end of the text is still being written. */
  footnoteDefinition: (state, { footnote, label, identifier, children }: FootnoteDefinition): Element => {
    const content = children.flatMap((child) => state.all({ type: "blockquote", children: [child] }));
    const first = content.find((child) => child.type === "element" && child.tagName === "p");
    const last = content.findLast((child) => child.type === "element" && child.tagName === "p");
    const [start, end] = [first, last].map((child) => (child?.type === "element" ? child.children : content));
    start?.unshift(footnote ? anchor("footnote-number", footnote) : superscript(label ?? identifier), space());
    for (let reference = 0; reference < (footnote?.references ?? 0); reference++)
      end?.push(space(), anchor("footnote-back", { number: footnote?.number ?? 0, references: reference }));
    return { type: "element", tagName: "div", properties: { className: ["footnote"] }, children: content };
  },
};

function superscript(text: string): Element {
  return { type: "element", tagName: "sup", properties: {}, children: [{ type: "text", value: text }] };
}

function space(): ElementContent {
  return { type: "text", value: " " };
}

function anchor(tagName: string, { number, references }: Footnote): Element {
  const properties = { dataNumber: String(number), dataReference: String(references) };
  return { type: "element", tagName, properties, children: [] };
}

const components: Components = {
  a: ({ href, children }: ComponentProps<"a">) => (
    <a href={href} target={href?.startsWith("#") ? undefined : "_blank"} rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  "tex-formula": Formula,
  "footnote-reference": FootnoteReferenceLink,
  "footnote-number": FootnoteNumber,
  "footnote-back": FootnoteBackLink,
  code: ({ children, className }: ComponentProps<"code">) => (
    <code className={className} dir="ltr" translate="no">
      {children}
    </code>
  ),
  pre: ({ children }: ComponentProps<"pre">) => <NestedCode>{children}</NestedCode>,
  table: ({ children }: ComponentProps<"table">) => <TableFrame>{children}</TableFrame>,
};

/** Code inside another block, such as a list item. */
function NestedCode({ children }: { children: ReactNode }) {
  const isOpen = use(IsOpen);
  const { props } = children as ReactElement<ComponentProps<"code">>;
  const code = String(props.children ?? "").replace(/\n$/, "");
  return <CodeBlock language={/language-(\S+)/.exec(props.className ?? "")?.[1]} chunks={[code]} isOpen={isOpen} />;
}

/** Scrolls horizontally, also with the keyboard. */
export function TableFrame({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll the table
    <section className="table" aria-label="Table" tabIndex={0}>
      <table dir="auto">{children}</table>
    </section>
  );
}

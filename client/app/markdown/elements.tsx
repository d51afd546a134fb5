/**
 * From parsed Markdown to React elements. A model's text is a stranger's text: it is never taken for HTML, and what it
 * links to is never loaded by itself.
 */

import type { Element, ElementContent, Nodes } from "hast";
import { defaultSchema, sanitize } from "hast-util-sanitize";
import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import type { FootnoteDefinition, Paragraph, RootContent } from "mdast";
import { type Handlers, toHast } from "mdast-util-to-hast";
import { type ComponentProps, type ReactElement, type ReactNode, use } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";
import { CodeBlock, IsOpen } from "./CodeBlock.tsx";

/** `path`: not all that is made of it, but the first element of this name, and in there of the next. */
export function elements(node: RootContent, ...path: readonly string[]): ReactNode {
  const wanted = path.reduce<Nodes | undefined>((within, name) => within && find(within, name), treeOf(node));
  return wanted && toJsxRuntime(wanted, OPTIONS);
}

/** What is made of a paragraph, without the paragraph around it. */
export function words(paragraph: Paragraph): ReactNode {
  const children = find(treeOf(paragraph), "p")?.children ?? [];
  return toJsxRuntime({ type: "root", children }, OPTIONS);
}

function treeOf(node: RootContent): Nodes {
  return sanitize(toHast({ type: "root", children: [node] }, { handlers }), defaultSchema);
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

const handlers: Handlers = {
  /** Shown as it was written. */
  html: (_, node: { value: string }): ElementContent => ({ type: "text", value: node.value }),
  /** An image's address can carry the chat's text to whoever hosts it: it is the reader who follows it, or not. */
  image: (_, { url, alt }: { url: string; alt?: string | null }): Element => ({
    type: "element",
    tagName: "a",
    properties: { href: url },
    children: [{ type: "text", value: alt || url }],
  }),
  footnoteReference: (_, { label, identifier }: { label?: string; identifier: string }): Element => ({
    type: "element",
    tagName: "sup",
    properties: {},
    children: [{ type: "text", value: label ?? identifier }],
  }),
  /** Where it stands, and not gathered at an end that is still being written. */
  footnoteDefinition: (state, node: FootnoteDefinition): Element => ({
    type: "element",
    tagName: "blockquote",
    properties: {},
    children: [
      {
        type: "element",
        tagName: "sup",
        properties: {},
        children: [{ type: "text", value: node.label ?? node.identifier }],
      },
      ...state.all(node),
    ],
  }),
};

const components = {
  a: ({ href, children }: ComponentProps<"a">) => (
    <a href={href} target={href?.startsWith("#") ? undefined : "_blank"} rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  pre: ({ children }: ComponentProps<"pre">) => <NestedCode>{children}</NestedCode>,
  table: ({ children }: ComponentProps<"table">) => <TableFrame>{children}</TableFrame>,
};

const OPTIONS = { Fragment, jsx, jsxs, components };

/** Code within another block. */
function NestedCode({ children }: { children: ReactNode }) {
  const isOpen = use(IsOpen);
  const { props } = children as ReactElement<ComponentProps<"code">>;
  const code = String(props.children ?? "").replace(/\n$/, "");
  return <CodeBlock language={/language-(\S+)/.exec(props.className ?? "")?.[1]} parts={[code]} isOpen={isOpen} />;
}

/** Scrolls sideways by itself, for the keyboard too. */
export function TableFrame({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable
    <section className="table" aria-label="Table" tabIndex={0}>
      <table>{children}</table>
    </section>
  );
}

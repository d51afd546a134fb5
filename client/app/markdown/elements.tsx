/**
 * Converts parsed Markdown to React elements. The text of a model is untrusted: HTML in it is shown as text, and nothing
 * that it links to is loaded without a click.
 */

import type { Element, ElementContent, Nodes } from "hast";
import { defaultSchema, sanitize } from "hast-util-sanitize";
import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import type { FootnoteDefinition, Paragraph, RootContent } from "mdast";
import { type Handlers, toHast } from "mdast-util-to-hast";
import { type ComponentProps, type ReactElement, type ReactNode, use } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";
import { CodeBlock, IsOpen } from "./CodeBlock.tsx";

/** `path` selects a descendant: the first element with the first name, then the first one with the next name inside it. */
export function elements(node: RootContent, ...path: readonly string[]): ReactNode {
  const selected = path.reduce<Nodes | undefined>((parent, name) => parent && find(parent, name), treeOf(node));
  return selected && toJsxRuntime(selected, OPTIONS);
}

/** The content of a paragraph, without the `<p>`. */
export function inlineElements(paragraph: Paragraph): ReactNode {
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
  /** Shown as text. */
  html: (_, node: { value: string }): ElementContent => ({ type: "text", value: node.value }),
  /** A link instead: the URL of an image can carry text of the chat to its host, so the browser must not load it. */
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
  /** Shown in place, because the end of the text is still being written. */
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
      <table>{children}</table>
    </section>
  );
}

/**
 * From parsed Markdown to React elements. A model's text is a stranger's text: it is never taken for HTML, and what it
 * links to is never loaded by itself.
 */

import type { Element, ElementContent } from "hast";
import { defaultSchema, sanitize } from "hast-util-sanitize";
import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import type { FootnoteDefinition, RootContent } from "mdast";
import { type Handlers, toHast } from "mdast-util-to-hast";
import type { ComponentProps, ReactNode } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";
import { CodeBlock } from "./CodeBlock.tsx";

export function elements(node: RootContent): ReactNode {
  const tree = sanitize(toHast({ type: "root", children: [node] }, { handlers }), defaultSchema);
  return toJsxRuntime(tree, { Fragment, jsx, jsxs, components });
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
  pre: ({ children }: ComponentProps<"pre">) => <CodeBlock>{children}</CodeBlock>,
  table: ({ children }: ComponentProps<"table">) => (
    // Scrolls sideways by itself, for the keyboard too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable
    <section className="table" aria-label="Table" tabIndex={0}>
      <table>{children}</table>
    </section>
  ),
};

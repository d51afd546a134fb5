/** Converts a sanitized HTML tree to React elements. Knows the few elements and attributes that Markdown has. */

import type { Element, Nodes } from "hast";
import { type ComponentType, createElement, Fragment, type ReactNode } from "react";

// biome-ignore lint/suspicious/noExplicitAny: each takes the properties of its own element
export type Components = Readonly<Record<string, ComponentType<any>>>;

export function toReact(node: Nodes, components: Components): ReactNode {
  if (node.type === "text") return node.value;
  if (node.type !== "element" && node.type !== "root") return null;
  const isSpaced = node.type === "root" || !WITHOUT_TEXT.has(node.tagName);
  const children = node.children
    .filter((child) => isSpaced || child.type !== "text") // line breaks between rows
    .map((child) => toReact(child, components));
  if (node.type === "root") return createElement(Fragment, null, ...children);
  const { tagName } = node;
  return createElement(components[tagName] ?? tagName, propertiesOf(node), ...children);
}

const WITHOUT_TEXT = new Set(["table", "thead", "tbody", "tr"]);

function propertiesOf({ tagName, properties }: Element): Record<string, unknown> {
  const { className, align, ...rest } = properties;
  return {
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [attributeOf(name), value])),
    ...(Array.isArray(className) && { className: className.join(" ") }),
    ...(align && (tagName === "td" || tagName === "th") && { style: { textAlign: align } }),
  };
}

/** React writes `aria-label` and `data-x` with hyphens. */
function attributeOf(name: string): string {
  if (name.startsWith("aria")) return `aria-${name.slice(4).toLowerCase()}`;
  return name.startsWith("data") ? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : name;
}

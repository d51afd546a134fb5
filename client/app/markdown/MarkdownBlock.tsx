/** A block of Markdown, its parts rendered one by one: only what has changed is rendered anew. */

import type { List, ListItem, Table, TableRow, Text } from "mdast";
import { memo } from "react";
import { CodeBlock, IsOpen } from "./CodeBlock.tsx";
import { elements, TableFrame } from "./elements.tsx";
import type { Block, Part } from "./parts.ts";

interface Props {
  readonly block: Block;
  /** Whether it may still change. */
  readonly isOpen: boolean;
}

export const MarkdownBlock = memo(function MarkdownBlock({ block, isOpen }: Props) {
  const { node, parts } = block;
  switch (node.type) {
    case "list":
      return <ListBlock list={node} parts={parts as readonly Part<ListItem>[]} isOpen={isOpen} />;
    case "table":
      return <TableBlock table={node} parts={parts as readonly Part<TableRow>[]} />;
    case "code":
      return (
        <CodeBlock
          language={node.lang}
          parts={(parts as readonly Part<Text>[]).map(({ node }) => node.value)}
          isOpen={isOpen}
        />
      );
    default:
      return <IsOpen value={isOpen}>{elements(node)}</IsOpen>;
  }
});

function ListBlock({ list, parts, isOpen }: { list: List; parts: readonly Part<ListItem>[]; isOpen: boolean }) {
  const isLoose = list.spread || parts.some(({ node }) => node.spread);
  const items = parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: as blocks, parts are only ever added behind
    <Item key={index} item={part.node} isLoose={isLoose} isOpen={isOpen && index === parts.length - 1} />
  ));
  return list.ordered ? <ol start={list.start ?? 1}>{items}</ol> : <ul>{items}</ul>;
}

/** In a loose list, whose items have room between them, they are paragraphs. */
const Item = memo(({ item, isLoose, isOpen }: { item: ListItem; isLoose: boolean; isOpen: boolean }) => (
  <IsOpen value={isOpen}>{elements({ type: "list", spread: isLoose, children: [item] }, "li")}</IsOpen>
));

function TableBlock({ table, parts }: { table: Table; parts: readonly Part<TableRow>[] }) {
  return (
    <TableFrame>
      <thead>
        <Row table={table} />
      </thead>
      {parts.length > 0 && (
        <tbody>
          {parts.map(({ node }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as blocks, parts are only ever added behind
            <Row key={index} table={table} row={node} />
          ))}
        </tbody>
      )}
    </TableFrame>
  );
}

/** Without a row of its own, it is the titles. */
const Row = memo(({ table, row }: { table: Table; row?: TableRow }) =>
  row ? elements({ ...table, children: [NO_TITLES, row] }, "tbody", "tr") : elements(table, "thead", "tr"),
);

const NO_TITLES: TableRow = { type: "tableRow", children: [] };

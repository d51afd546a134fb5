/** A block of Markdown, its parts rendered one by one: only what has changed is rendered anew. */

import type { List, ListItem, Paragraph, Table, TableRow, Text } from "mdast";
import { memo } from "react";
import { type Each, Growing } from "./AppendOnlyList.tsx";
import { CodeBlock, IsOpen } from "./CodeBlock.tsx";
import type { Block, Part } from "./chunks.ts";
import { elements, TableFrame, words } from "./elements.tsx";

export const MarkdownBlock: Each<Block> = memo(({ item: { node, parts }, isOpen }) => {
  switch (node.type) {
    case "paragraph":
      return (
        <p>
          <Growing each={Run} items={parts as readonly Part<Paragraph>[]} openFrom={parts.length} shared={undefined} />
        </p>
      );
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

const Run: Each<Part<Paragraph>> = memo(({ item: { node } }) => words(node));

function ListBlock({ list, parts, isOpen }: { list: List; parts: readonly Part<ListItem>[]; isOpen: boolean }) {
  const isLoose = list.spread || parts.some(({ node }) => node.spread);
  const openFrom = isOpen ? parts.length - 1 : parts.length;
  const items = <Growing each={Item} items={parts} openFrom={openFrom} shared={isLoose} />;
  return list.ordered ? <ol start={list.start ?? 1}>{items}</ol> : <ul>{items}</ul>;
}

/** In a loose list, whose items have room between them, they are paragraphs. */
const Item: Each<Part<ListItem>, boolean> = memo(({ item: { node }, isOpen, shared: isLoose }) => (
  <IsOpen value={isOpen}>{elements({ type: "list", spread: isLoose, children: [node] }, "li")}</IsOpen>
));

function TableBlock({ table, parts }: { table: Table; parts: readonly Part<TableRow>[] }) {
  return (
    <TableFrame>
      <thead>
        <Titles table={table} />
      </thead>
      {parts.length > 0 && (
        <tbody>
          <Growing each={Row} items={parts} openFrom={parts.length} shared={table} />
        </tbody>
      )}
    </TableFrame>
  );
}

const Titles = memo(({ table }: { table: Table }) => elements(table, "thead", "tr"));

const Row: Each<Part<TableRow>, Table> = memo(({ item: { node }, shared: table }) =>
  elements({ ...table, children: [NO_TITLES, node] }, "tbody", "tr"),
);

const NO_TITLES: TableRow = { type: "tableRow", children: [] };

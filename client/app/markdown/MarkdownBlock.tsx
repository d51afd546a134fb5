/** Renders a block of Markdown chunk by chunk, so that an update renders only the chunks that have changed. */

import type { List, ListItem, Paragraph, Table, TableRow, Text } from "mdast";
import { memo } from "react";
import { AppendOnlyList, type ItemComponent } from "./AppendOnlyList.tsx";
import { CodeBlock, IsOpen } from "./CodeBlock.tsx";
import type { Block, Chunk } from "./chunks.ts";
import { elements, inlineElements, isLineBreak, TableFrame } from "./elements.tsx";
import { Tail } from "./Tail.tsx";
import { useTranslatable } from "./translation.ts";

/** Each block has the direction of its first letter, so that a quote in Hebrew may follow a sentence in English. */
export const MarkdownBlock: ItemComponent<Block> = memo(({ item: { node, chunks }, isOpen }) => {
  const { key, ref } = useTranslatable<HTMLElement & HTMLParagraphElement>();
  switch (node.type) {
    case "paragraph":
      return (
        <p key={key} ref={ref} dir="auto">
          <AppendOnlyList
            component={Inline}
            items={chunks as readonly Chunk<Paragraph>[]}
            openFrom={chunks.length}
            shared={undefined}
          />
          {isOpen && <Tail />}
        </p>
      );
    case "text": // not parsed (`pieces.ts`)
      return <Verbatim text={node.value} />;
    case "html":
      return isLineBreak(node.value) ? <br /> : <Verbatim text={node.value} />;
    case "list":
      return <ListBlock list={node} chunks={chunks as readonly Chunk<ListItem>[]} isOpen={isOpen} />;
    case "table":
      return <TableBlock table={node} chunks={chunks as readonly Chunk<TableRow>[]} />;
    case "code":
      return (
        <CodeBlock
          language={node.lang}
          chunks={(chunks as readonly Chunk<Text>[]).map(({ node }) => node.value)}
          isOpen={isOpen}
        />
      );
    default:
      return <IsOpen value={isOpen}>{elements(node, [], { key, ref, dir: "auto" })}</IsOpen>;
  }
});

function Verbatim({ text }: { text: string }) {
  return (
    <p className="text" dir="auto">
      {text}
    </p>
  );
}

const Inline: ItemComponent<Chunk<Paragraph>> = memo(({ item: { node } }) => inlineElements(node));

function ListBlock({ list, chunks, isOpen }: { list: List; chunks: readonly Chunk<ListItem>[]; isOpen: boolean }) {
  const isLoose = list.spread || chunks.some(({ node }) => node.spread);
  const openFrom = isOpen ? chunks.length - 1 : chunks.length;
  const items = <AppendOnlyList component={Item} items={chunks} openFrom={openFrom} shared={isLoose} />;
  return list.ordered ? (
    <ol start={list.start ?? 1} dir="auto">
      {items}
    </ol>
  ) : (
    <ul dir="auto">{items}</ul>
  );
}

/** In a loose list, which has blank lines between its items, the content of an item is a paragraph. */
const Item: ItemComponent<Chunk<ListItem>, boolean> = memo(({ item: { node }, isOpen, shared: isLoose }) => {
  const properties = useTranslatable();
  return (
    <IsOpen value={isOpen}>{elements({ type: "list", spread: isLoose, children: [node] }, ["li"], properties)}</IsOpen>
  );
});

function TableBlock({ table, chunks }: { table: Table; chunks: readonly Chunk<TableRow>[] }) {
  return (
    <TableFrame>
      <thead>
        <HeaderRow table={table} />
      </thead>
      {chunks.length > 0 && (
        <tbody>
          <AppendOnlyList component={Row} items={chunks} openFrom={chunks.length} shared={table} />
        </tbody>
      )}
    </TableFrame>
  );
}

const HeaderRow = memo(({ table }: { table: Table }) => elements(table, ["thead", "tr"]));

const Row: ItemComponent<Chunk<TableRow>, Table> = memo(({ item: { node }, shared: table }) => {
  const properties = useTranslatable();
  return elements({ ...table, children: [EMPTY_HEADER, node] }, ["tbody", "tr"], properties);
});

const EMPTY_HEADER: TableRow = { type: "tableRow", children: [] };

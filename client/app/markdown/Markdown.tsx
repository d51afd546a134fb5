/** A model's Markdown, while it grows and after. */

import { memo, useRef } from "react";
import { type Block, type Parsed, parse } from "./blocks.ts";
import { IsOpen } from "./CodeBlock.tsx";
import { elements } from "./elements.tsx";

interface Props {
  readonly text: string;
  readonly isGrowing: boolean;
}

export const Markdown = memo(function Markdown({ text, isGrowing }: Props) {
  const parsed = useRef<Parsed>(undefined);
  parsed.current = parse(text, isGrowing, parsed.current); // the same for the same text, however often it is rendered
  const { settled, open } = parsed.current;
  return (
    <div className="markdown" dir="auto">
      {[...settled, ...open].map((block, index) => (
        // A block's place is its identity: text is only ever added behind it.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <MarkdownBlock key={index} block={block} isOpen={isGrowing && index >= settled.length} />
      ))}
    </div>
  );
});

const MarkdownBlock = memo(
  ({ block, isOpen }: { block: Block; isOpen: boolean }) => <IsOpen value={isOpen}>{elements(block.node)}</IsOpen>,
  (before, after) => before.block.source === after.block.source && before.isOpen === after.isOpen,
);

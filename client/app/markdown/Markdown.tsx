/** A model's Markdown, while it grows and after. */

import { memo, useRef } from "react";
import { type Parsed, parse } from "./blocks.ts";
import { MarkdownBlock } from "./MarkdownBlock.tsx";

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

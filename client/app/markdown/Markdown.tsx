/** A model's Markdown, while it grows and after. */

import { memo, useRef } from "react";
import { Boundary } from "../ui/ErrorBoundary.tsx";
import { Growing } from "./AppendOnlyList.tsx";
import { MarkdownBlock } from "./MarkdownBlock.tsx";
import { type Parsed, parse } from "./parse.ts";

interface Props {
  readonly text: string;
  readonly isGrowing: boolean;
}

export const Markdown = memo(({ text, isGrowing }: Props) => (
  <Boundary
    instead={
      <div className="markdown text" dir="auto">
        {text}
      </div>
    }
  >
    <Rendered text={text} isGrowing={isGrowing} />
  </Boundary>
));

function Rendered({ text, isGrowing }: Props) {
  const parsed = useRef<Parsed>(undefined);
  parsed.current = parse(text, isGrowing, parsed.current); // the same for the same text, however often it is rendered
  const { settled, open } = parsed.current;
  return (
    <div className="markdown" dir="auto">
      <Growing
        each={MarkdownBlock}
        items={[...settled, ...open]}
        openFrom={isGrowing ? settled.length : Number.POSITIVE_INFINITY}
        shared={undefined}
      />
    </div>
  );
}

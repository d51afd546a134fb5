/** Renders a model's Markdown, while it streams and after. If that fails, shows the source. */

import { memo, use, useId, useRef } from "react";
import { ErrorBoundary } from "../ui/ErrorBoundary.tsx";
import { AppendOnlyList } from "./AppendOnlyList.tsx";
import { AnchorPrefix } from "./FootnoteLinks.tsx";
import { MarkdownBlock } from "./MarkdownBlock.tsx";
import { type Parsed, parse } from "./parse.ts";
import { FlowContext } from "./Tail.tsx";

interface Props {
  readonly text: string;
  readonly isStreaming: boolean;
}

export const Markdown = memo(({ text, isStreaming }: Props) => (
  <ErrorBoundary
    fallback={
      <div className="markdown text" dir="auto">
        {text}
      </div>
    }
  >
    <Blocks text={text} isStreaming={isStreaming} />
  </ErrorBoundary>
));

function Blocks({ text, isStreaming }: Props) {
  const parsed = useRef<Parsed>(undefined);
  parsed.current = parse(text, isStreaming, parsed.current); // idempotent: the same text gives the same result
  const flow = use(FlowContext);
  if (flow) flow.parsed = parsed.current;
  const { settled, open } = parsed.current;
  return (
    <AnchorPrefix value={useId()}>
      <div className="markdown">
        <AppendOnlyList
          component={MarkdownBlock}
          items={[...settled, ...open]}
          openFrom={isStreaming ? settled.length : Number.POSITIVE_INFINITY}
          shared={undefined}
        />
      </div>
    </AnchorPrefix>
  );
}

/** Markdown that grows word by word, although it arrives in frames. */

import { useEffect, useLayoutEffect, useState, useSyncExternalStore } from "react";
import { flowing } from "./flow.ts";
import { Markdown } from "./Markdown.tsx";
import { FlowContext } from "./Tail.tsx";

interface Props {
  readonly text: string;
  readonly isStreaming: boolean;
  /** Called with true while text is still to be shown, which may be after the stream has ended. */
  readonly onFlow: (isFlowing: boolean) => void;
}

export function FlowingMarkdown({ text, isStreaming, onFlow }: Props) {
  const [flow] = useState(() => flowing(text));
  const body = useSyncExternalStore(flow.subscribe, flow.body);
  useLayoutEffect(() => flow.update(text, isStreaming), [flow, text, isStreaming]); // before a replaced text is painted
  useEffect(() => flow.stop, [flow]);
  const isFlowing = isStreaming || body.length < text.length;
  useEffect(() => {
    onFlow(isFlowing);
  }, [isFlowing, onFlow]);
  if (body === "") return null;
  return (
    <FlowContext value={flow}>
      <Markdown text={body} isStreaming={isFlowing} />
    </FlowContext>
  );
}

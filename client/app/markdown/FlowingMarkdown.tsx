/** Markdown that grows word by word, although it arrives in frames. */

import { useSmoothText } from "@twotrack/client/apollo/react";
import { useEffect } from "react";
import { Markdown } from "./Markdown.tsx";

interface Props {
  readonly text: string;
  readonly isStreaming: boolean;
  /** Called with true while text is still to be shown, which may be after the stream has ended. */
  readonly onFlow: (isFlowing: boolean) => void;
}

export function FlowingMarkdown({ text, isStreaming, onFlow }: Props) {
  const shown = useSmoothText(text, isStreaming);
  const isFlowing = isStreaming || shown.length < text.length;
  useEffect(() => onFlow(isFlowing), [isFlowing, onFlow]);
  return shown === "" ? null : <Markdown text={shown} isStreaming={isFlowing} />;
}

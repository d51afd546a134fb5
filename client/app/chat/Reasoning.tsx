/** The model's reasoning, collapsed by default. */

import { Markdown } from "../markdown/Markdown.tsx";
import { Icon } from "../ui/Icon.tsx";

export function Reasoning({ text, isThinking }: { text: string; isThinking: boolean }) {
  return (
    <details className="reasoning" data-thinking={isThinking || undefined}>
      <summary>
        <Icon name="chevron" />
        {isThinking ? "Thinking…" : "Reasoning"}
      </summary>
      <Markdown text={text} isStreaming={isThinking} />
    </details>
  );
}

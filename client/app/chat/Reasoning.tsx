/** What a model thought before it wrote, folded away. */

import { Markdown } from "../markdown/Markdown.tsx";
import { Icon } from "../ui/Icon.tsx";

export function Reasoning({ text, isThinking }: { text: string; isThinking: boolean }) {
  return (
    <details className="reasoning" data-thinking={isThinking || undefined}>
      <summary>
        <Icon name="fold" />
        {isThinking ? "Thinking…" : "Thoughts"}
      </summary>
      <Markdown text={text} isGrowing={isThinking} />
    </details>
  );
}

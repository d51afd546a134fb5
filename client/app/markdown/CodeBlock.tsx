/** A block of code: the language, a copy button, and syntax highlighting once the block is finished. */

import { createContext, memo, useEffect, useRef, useState } from "react";
import { CopyButton } from "../ui/CopyButton.tsx";
import type { Token } from "./highlight.ts";
import { highlightInWorker } from "./highlighting.ts";

/** True while the surrounding block may still grow. */
export const IsOpen = createContext(false);

const MAX_HIGHLIGHTED_CHARACTERS = 100_000; // longer code stays plain
const CHUNKS_PER_FRAME = 2; // about two thousand characters: what a slow machine can render in a frame

interface Props {
  readonly language: string | null | undefined;
  /** The code, split into chunks of lines. */
  readonly chunks: readonly string[];
  readonly isOpen: boolean;
}

export function CodeBlock({ language, chunks, isOpen }: Props) {
  const highlighted = useHighlighting(chunks, language, !isOpen);
  return (
    <figure className="code" translate="no">
      <figcaption>
        <span>{language ?? "text"}</span>
        <CopyButton text={chunks.join("\n")} label="Copy code" />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll the code */}
      <pre tabIndex={0}>
        <code dir="ltr">
          {chunks.map((text, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: chunks are only appended
            <Lines key={index} text={text} tokens={highlighted?.[index]} />
          ))}
        </code>
      </pre>
    </figure>
  );
}

/** One chunk. Each has its own layout, so that an added line does not move the others. */
const Lines = memo(({ text, tokens }: { text: string; tokens: readonly Token[] | undefined }) => (
  <span className="lines">
    {tokens?.map(({ text, className }, index) =>
      className === undefined ? (
        text
      ) : (
        // biome-ignore lint/suspicious/noArrayIndexKey: all tokens of a chunk arrive at once
        <span key={index} className={className}>
          {text}
        </span>
      ),
    ) ?? text}
    {"\n"}
  </span>
));

/** Tokens of the chunks that are highlighted so far: a few more in each frame. */
function useHighlighting(
  chunks: readonly string[],
  language: Props["language"],
  isFinished: boolean,
): Token[][] | undefined {
  const [result, setResult] = useState<{ code: string; tokens: Token[][] }>();
  const code = chunks.join("\n");
  const latest = useRef(chunks);
  latest.current = chunks;
  useEffect(() => {
    if (!isFinished || !language || code.length > MAX_HIGHLIGHTED_CHARACTERS) return;
    let isCancelled = false;
    const show = (tokens: Token[][], count: number) => {
      if (isCancelled) return;
      setResult({ code, tokens: tokens.slice(0, count) });
      if (count < tokens.length) setTimeout(() => show(tokens, count + CHUNKS_PER_FRAME));
    };
    highlightInWorker(latest.current, language).then(
      (tokens) => tokens && show(tokens, CHUNKS_PER_FRAME),
      () => {}, // the code stays plain
    );
    return () => {
      isCancelled = true;
    };
  }, [code, language, isFinished]);
  return result?.code === code ? result.tokens : undefined;
}

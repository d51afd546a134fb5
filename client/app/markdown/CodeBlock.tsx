/** A block of code: the language, a copy button, and syntax highlighting, which follows a growing block. */

import { createContext, memo, useEffect, useRef, useState } from "react";
import { CopyButton } from "../ui/CopyButton.tsx";
import type { Token } from "./highlight.ts";
import { highlightInWorker } from "./highlighting.ts";

/** True while the surrounding block may still grow. */
export const IsOpen = createContext(false);

const MAX_HIGHLIGHTED_CHARACTERS = 100_000; // longer code stays plain
const MAX_GROWING_CHARACTERS = 20_000; // longer code gets the rest of its colours at its end
const PAUSE_MS = 250; // between two requests of a growing block
const CHUNKS_PER_FRAME = 2; // about two thousand characters: what a slow machine can render in a frame

interface Props {
  readonly language: string | null | undefined;
  /** The code, split into chunks of lines. */
  readonly chunks: readonly string[];
  readonly isOpen: boolean;
}

export function CodeBlock({ language, chunks, isOpen }: Props) {
  const highlighted = useHighlighting(chunks, language, isOpen);
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
            <Lines key={index} text={text} highlighted={highlighted[index]} />
          ))}
        </code>
      </pre>
    </figure>
  );
}

/** The tokens of a chunk, or of its beginning, if the chunk has grown since. */
interface Highlighted {
  readonly text: string;
  readonly tokens: readonly Token[];
}

/** One chunk. Each has its own layout, so that an added line does not move the others. */
const Lines = memo(({ text, highlighted }: { text: string; highlighted: Highlighted | undefined }) => {
  const known = highlighted && text.startsWith(highlighted.text) ? highlighted : undefined;
  return (
    <span className="lines">
      {known?.tokens.map(({ text, className }, index) =>
        className === undefined ? (
          text
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: all tokens of a chunk arrive at once
          <span key={index} className={className}>
            {text}
          </span>
        ),
      )}
      {text.slice(known?.text.length)}
      {"\n"}
    </span>
  );
});

/** The chunks that are highlighted so far: a few more in each frame. The worker is asked for those that have changed. */
function useHighlighting(
  chunks: readonly string[],
  language: Props["language"],
  isOpen: boolean,
): readonly (Highlighted | undefined)[] {
  const [shown, setShown] = useState<readonly Highlighted[]>([]);
  const known = useRef<readonly Highlighted[]>([]);
  const knownLanguage = useRef(language);
  const latest = useRef(chunks);
  latest.current = chunks;
  const finished = isOpen ? undefined : chunks.join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: a growing block is followed, a finished one may be replaced
  useEffect(() => {
    if (!language) return;
    if (knownLanguage.current !== language) known.current = [];
    knownLanguage.current = language;
    let timer: ReturnType<typeof setTimeout>;
    let isCancelled = false;
    const show = (count: number) => {
      setShown(known.current.slice(0, count));
      if (count < known.current.length) timer = setTimeout(() => show(count + CHUNKS_PER_FRAME));
      else if (isOpen) timer = setTimeout(request, PAUSE_MS);
    };
    const request = async () => {
      const wanted = latest.current;
      const length = wanted.reduce((sum, chunk) => sum + chunk.length + 1, 0);
      if (length > (isOpen ? MAX_GROWING_CHARACTERS : MAX_HIGHLIGHTED_CHARACTERS)) return;
      const from = wanted.findIndex((text, index) => known.current[index]?.text !== text);
      if (from < 0) return show(wanted.length);
      const tokens = await highlightInWorker(wanted, language, from).catch(() => undefined); // the code stays plain
      if (isCancelled || tokens === undefined) return;
      const found = tokens.map((tokens, index) => ({ text: wanted[from + index] ?? "", tokens }));
      known.current = [...known.current.slice(0, from), ...found];
      show(from + CHUNKS_PER_FRAME);
    };
    void request();
    return () => {
      isCancelled = true;
      clearTimeout(timer);
    };
  }, [finished, language, isOpen]);
  return shown;
}

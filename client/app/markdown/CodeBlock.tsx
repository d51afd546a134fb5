/** A block of code: its language, a button that copies it, and colours once it is finished. */

import { createContext, memo, useEffect, useRef, useState } from "react";
import { CopyButton } from "../ui/CopyButton.tsx";
import type { Token } from "./highlight.ts";
import { coloured } from "./highlighting.ts";

/** Whether the block is still being written. */
export const IsOpen = createContext(false);

const LONGEST_COLOURED = 100_000; // characters: beyond that, nobody reads it here
const PARTS_AT_ONCE = 2; // some two thousand characters: a frame's work on a slow machine

interface Props {
  readonly language: string | null | undefined;
  /** Some lines each. */
  readonly parts: readonly string[];
  readonly isOpen: boolean;
}

export function CodeBlock({ language, parts, isOpen }: Props) {
  const colours = useColours(parts, language, !isOpen);
  return (
    <figure className="code">
      <figcaption>
        <span>{language ?? "text"}</span>
        <CopyButton text={parts.join("\n")} label="Copy code" />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable */}
      <pre tabIndex={0}>
        <code dir="ltr">
          {parts.map((text, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts are only ever added behind
            <Lines key={index} text={text} tokens={colours?.[index]} />
          ))}
        </code>
      </pre>
    </figure>
  );
}

/** Laid out by themselves: a line that is added moves no other. */
const Lines = memo(({ text, tokens }: { text: string; tokens: readonly Token[] | undefined }) => (
  <span className="lines">
    {tokens?.map(({ text, kind }, index) =>
      kind === undefined ? (
        text
      ) : (
        // biome-ignore lint/suspicious/noArrayIndexKey: they come all at once
        <span key={index} className={kind}>
          {text}
        </span>
      ),
    ) ?? text}
    {"\n"}
  </span>
));

function useColours(parts: readonly string[], language: Props["language"], isWanted: boolean): Token[][] | undefined {
  const [known, setKnown] = useState<{ code: string; tokens: Token[][] }>();
  const code = parts.join("\n");
  const latest = useRef(parts);
  latest.current = parts;
  useEffect(() => {
    if (!isWanted || !language || code.length > LONGEST_COLOURED) return;
    let left = false;
    const show = (tokens: Token[][], count: number) => {
      if (left) return;
      setKnown({ code, tokens: tokens.slice(0, count) });
      if (count < tokens.length) setTimeout(() => show(tokens, count + PARTS_AT_ONCE));
    };
    coloured(latest.current, language).then(
      (tokens) => tokens && show(tokens, PARTS_AT_ONCE),
      () => {}, // plain code will do
    );
    return () => {
      left = true;
    };
  }, [code, language, isWanted]);
  return known?.code === code ? known.tokens : undefined;
}

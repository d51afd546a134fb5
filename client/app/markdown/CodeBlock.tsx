/** A block of code: its language, a button that copies it, and colours once it is finished. */

import {
  type ComponentProps,
  createContext,
  isValidElement,
  type ReactElement,
  type ReactNode,
  use,
  useEffect,
  useState,
} from "react";
import { CopyButton } from "../parts/CopyButton.tsx";

/** Whether the block is still being written. */
export const IsOpen = createContext(false);

const LONGEST_COLOURED = 30_000; // characters: beyond that, colouring takes longer than a frame on a slow machine

export function CodeBlock({ children }: { children: ReactNode }) {
  const isOpen = use(IsOpen);
  const { code, language } = sourceOf(children);
  const coloured = useColours(code, language, !isOpen);
  return (
    <figure className="code">
      <figcaption>
        <span>{language ?? "text"}</span>
        <CopyButton text={code} label="Copy code" />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable */}
      <pre tabIndex={0}>
        <code dir="ltr">{coloured ?? code}</code>
      </pre>
    </figure>
  );
}

function sourceOf(children: ReactNode): { code: string; language: string | undefined } {
  if (!isValidElement(children)) return { code: String(children ?? ""), language: undefined };
  const { props } = children as ReactElement<ComponentProps<"code">>;
  const code = String(props.children ?? "").replace(/\n$/, "");
  return { code, language: /language-(\S+)/.exec(props.className ?? "")?.[1] };
}

/** The colours come in a file of their own, when the first finished block asks for them. */
function useColours(code: string, language: string | undefined, isWanted: boolean): ReactNode {
  const [coloured, setColoured] = useState<{ code: string; nodes: ReactNode }>();
  useEffect(() => {
    if (!isWanted || language === undefined || code.length > LONGEST_COLOURED) return;
    let left = false;
    void import("./colours.ts")
      .then(({ colours }) => {
        if (!left) setColoured({ code, nodes: colours(code, language) });
      })
      .catch(() => {}); // plain code will do
    return () => {
      left = true;
    };
  }, [code, language, isWanted]);
  return coloured?.code === code ? coloured.nodes : undefined;
}

/** What a person wrote. A long text is folded, so that the reply to it is in view. */

import { useState } from "react";

const MAX_LINES = 16;
const MAX_CHARACTERS = 1_600; // about as many lines

/** Plain text, not Markdown: users do not expect their asterisks to disappear. */
export function PersonText({ children }: { children: string }) {
  const [isWhole, setIsWhole] = useState(false);
  const isLong = children.length > MAX_CHARACTERS || children.split("\n", MAX_LINES + 1).length > MAX_LINES;
  return (
    <>
      <p className="text" dir="auto" data-folded={(isLong && !isWhole) || undefined}>
        {children}
      </p>
      {isLong && (
        <button type="button" className="link fold" onClick={() => setIsWhole(!isWhole)} aria-expanded={isWhole}>
          {isWhole ? "Show less" : "Show all"}
        </button>
      )}
    </>
  );
}

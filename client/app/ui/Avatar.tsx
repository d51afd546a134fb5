/** Initials of a user, on a background colour that is derived from the name. */

import type { CSSProperties } from "react";

export function Avatar({ name }: { name: string }) {
  const initials = name
    .trim()
    .split(/\s+/)
    .map((word) => [...word][0])
    .filter((_, index, all) => index === 0 || index === all.length - 1)
    .join("");
  return (
    <span className="avatar" style={{ "--hue": hueOf(name) } as CSSProperties} aria-hidden="true">
      {initials}
    </span>
  );
}

function hueOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return hash;
}

/** The actions of a message: a row of buttons, or one menu on a phone. */

import type { ReactNode } from "react";
import { Menu } from "../ui/Menu.tsx";
import { useIsCompact } from "../ui/useIsCompact.ts";

interface Props {
  /** Shown before the buttons, or above the actions of the menu. */
  readonly note?: ReactNode;
  /** Buttons (`ActionButton`). */
  readonly children: ReactNode;
}

export function MessageActions({ note, children }: Props) {
  const isCompact = useIsCompact();
  return (
    <span className="actions">
      {isCompact ? (
        <Menu label="Message actions">
          {note && <span className="note">{note}</span>}
          {children}
        </Menu>
      ) : (
        <>
          {note}
          {children}
        </>
      )}
    </span>
  );
}

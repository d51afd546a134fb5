/** Modal dialog. Escape, the close button and a click outside of it close it. */

import { type PointerEvent, type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Icon } from "./Icon.tsx";

interface Props {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Closed before it leaves the document: only then does the browser return the focus to the element that opened it.
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) shown.showModal();
    return () => shown?.close();
  }, []);
  // A drag that starts inside, such as selecting text, may end outside: only a click that starts outside closes it.
  const startedOutside = useRef(false);
  const isOutside = ({ clientX, clientY }: PointerEvent) => {
    const box = dialog.current?.getBoundingClientRect();
    return (
      box !== undefined && (clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom)
    );
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      onPointerDown={(event) => {
        startedOutside.current = isOutside(event);
      }}
      onPointerUp={(event) => startedOutside.current && isOutside(event) && onClose()}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="quiet" onClick={onClose} aria-label="Close">
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

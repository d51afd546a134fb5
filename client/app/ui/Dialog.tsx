/** A dialog over the page; Escape and a click beside it close it. */

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
  // Closed while it is still on the page: then the browser gives the focus back to whatever opened it.
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) shown.showModal();
    return () => shown?.close();
  }, []);
  // Text that is selected in it may be let go of beside it: only what begins and ends there is meant.
  const beganBeside = useRef(false);
  const isBeside = ({ clientX, clientY }: PointerEvent) => {
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
        beganBeside.current = isBeside(event);
      }}
      onPointerUp={(event) => beganBeside.current && isBeside(event) && onClose()}
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

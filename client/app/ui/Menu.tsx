/** A button that opens a list of actions above the page. A click beside it, Escape, or a chosen action closes it. */

import {
  createContext,
  type MouseEvent,
  type ReactNode,
  type ToggleEvent,
  use,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { Icon, type IconName } from "./Icon.tsx";

const IsInMenu = createContext(false);

const GAP_PX = 4;

export function Menu({ label, children }: { label: string; children: ReactNode }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [isOpen, setIsOpen] = useState(false);

  useEffect(() => {
    if (!isOpen) return;
    const onMove = () => place(list.current, button.current);
    list.current?.querySelector<HTMLElement>("button:enabled")?.focus();
    addEventListener("scroll", onMove, { capture: true, passive: true });
    addEventListener("resize", onMove);
    return () => {
      removeEventListener("scroll", onMove, { capture: true });
      removeEventListener("resize", onMove);
    };
  }, [isOpen]);

  return (
    <>
      <button ref={button} type="button" className="quiet" popoverTarget={id} aria-label={label} title={label}>
        <Icon name="more" />
      </button>
      <div
        ref={list}
        id={id}
        className="menu"
        popover="auto"
        onBeforeToggle={() => place(list.current, button.current)}
        onToggle={({ newState }: ToggleEvent) => setIsOpen(newState === "open")}
      >
        <IsInMenu value={true}>{children}</IsInMenu>
      </div>
    </>
  );
}

/** Beside the button, on the side where there is more room. */
function place(list: HTMLElement | null, button: HTMLElement | null): void {
  if (list === null || button === null) return;
  const { top, right, bottom, left } = button.getBoundingClientRect();
  const isBelow = top + bottom < innerHeight;
  const isRight = left + right < innerWidth;
  Object.assign(list.style, {
    top: isBelow ? `${bottom + GAP_PX}px` : "auto",
    bottom: isBelow ? "auto" : `${innerHeight - top + GAP_PX}px`,
    left: isRight ? `${left}px` : "auto",
    right: isRight ? "auto" : `${document.documentElement.clientWidth - right}px`,
  });
}

interface ActionProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: (event: MouseEvent<HTMLElement>) => unknown;
  readonly disabled?: boolean;
  /** By which a script finds the button. */
  readonly action?: string;
  /** After a click: for a button that shows what it has done. */
  readonly keepsMenuOpen?: boolean;
  readonly children?: ReactNode;
}

/** A button with an icon alone; with its label too, in a menu. */
export function ActionButton({ icon, label, onClick, disabled, action, keepsMenuOpen, children }: ActionProps) {
  const isInMenu = use(IsInMenu);
  const click = (event: MouseEvent<HTMLElement>) => {
    onClick(event);
    if (!keepsMenuOpen) closeMenuOf(event.currentTarget);
  };
  return (
    <button
      type="button"
      className="quiet"
      onClick={click}
      disabled={disabled}
      aria-label={isInMenu ? undefined : label}
      title={isInMenu ? undefined : label}
      data-action={action}
    >
      <Icon name={icon} />
      {isInMenu && label}
      {children}
    </button>
  );
}

export function closeMenuOf(button: Element | null): void {
  button?.closest<HTMLElement>(".menu")?.hidePopover();
}

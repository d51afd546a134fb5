/**
 * A button that opens a list of actions above the page. The arrow keys go from action to action. A click beside the list,
 * Escape, or a chosen action closes it, and the button has the focus again.
 */

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
    const shown = list.current;
    const onMove = () => place(shown, button.current);
    const onKeyDown = (event: KeyboardEvent) => {
      const actions = actionsIn(shown);
      const place = nextPlace(event.key, actions.indexOf(document.activeElement as HTMLElement), actions.length);
      if (place === undefined) return;
      event.preventDefault();
      actions[place]?.focus();
    };
    actionsIn(shown)[0]?.focus();
    shown?.addEventListener("keydown", onKeyDown);
    addEventListener("scroll", onMove, { capture: true, passive: true });
    addEventListener("resize", onMove);
    return () => {
      shown?.removeEventListener("keydown", onKeyDown);
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

function actionsIn(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>("button:enabled") ?? [])];
}

/** Where a key leads from one of several actions; undefined for other keys. */
function nextPlace(key: string, from: number, count: number): number | undefined {
  const places: Record<string, number> = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: -1 };
  const place = places[key];
  return place === undefined ? undefined : (place + count) % count;
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

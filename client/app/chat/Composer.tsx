/** Where one writes. Enter sends, Shift+Enter makes a line. */

import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { keptInTab } from "../session/safeStorage.ts";
import { useSession } from "../session/session.ts";
import { Icon } from "../ui/Icon.tsx";
import { isComposing } from "../ui/isComposing.ts";

interface Props {
  /** Drafts are kept apart by this and by who writes, and survive a reload. */
  readonly draftKey: string;
  /** May resolve to false: then what was written is put back. */
  readonly onSend: (content: string) => unknown;
  readonly onEditLast?: () => void;
  readonly placeholder: string;
  readonly isBusy?: boolean;
}

const TALLEST_PX = 240; // about ten lines; beyond that it scrolls

export function Composer({ draftKey, onSend, onEditLast, placeholder, isBusy = false }: Props) {
  const { user } = useSession();
  const key = `twotrack.draft.${user}.${draftKey}`;
  const [content, setContent] = useState(() => keptInTab.get(key) ?? "");
  const field = useRef<HTMLTextAreaElement>(null);
  const isEmpty = content.trim() === "";

  useEffect(() => {
    keptInTab.set(key, content || null);
    grow(field.current);
  }, [key, content]);

  useEffect(() => {
    // On a phone this would bring up the keyboard over the chat that one came to read.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isEmpty || isBusy) return;
    setContent("");
    if ((await onSend(content.trim())) === false) setContent((written) => written || content);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Enter" && !event.shiftKey) void submit(event);
    if (event.key === "ArrowUp" && content === "" && onEditLast) {
      event.preventDefault();
      onEditLast();
    }
  };

  return (
    <form className="composer" onSubmit={submit}>
      <textarea
        ref={field}
        rows={1}
        value={content}
        onChange={(event) => setContent(event.target.value)}
        onKeyDown={onKeyDown}
        placeholder={placeholder}
        aria-label="Message"
        dir="auto"
        enterKeyHint="send"
      />
      <button type="submit" className="send" disabled={isEmpty || isBusy} aria-label="Send" title="Send (Enter)">
        <Icon name="send" />
      </button>
    </form>
  );
}

function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, TALLEST_PX)}px`;
}

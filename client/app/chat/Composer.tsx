/**
 * Text field for a new message. Enter sends, Shift+Enter starts a new line, ArrowUp edits the last message. On a phone,
 * Enter starts a new line and the button sends. While a reply is being written and the field is empty, the button stops it.
 */

import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { tabStorage } from "../session/safeStorage.ts";
import { useSession } from "../session/session.ts";
import { Icon } from "../ui/Icon.tsx";
import { hasKeyboard, isComposing, sends } from "../ui/keyboard.ts";

interface Props {
  /** Identifies the draft, together with the user. Drafts survive a reload. */
  readonly draftKey: string;
  /** If it resolves to false, the text is put back into the field. */
  readonly onSend: (content: string) => unknown;
  readonly onEditLast?: () => void;
  /** Stops the reply that is being written. Undefined if there is none. */
  readonly onStop?: (() => void) | undefined;
  readonly placeholder: string;
  readonly isBusy?: boolean;
}

const MAX_HEIGHT_PX = 240; // about ten lines; a longer text scrolls

export function Composer({ draftKey, onSend, onEditLast, onStop, placeholder, isBusy = false }: Props) {
  const { user } = useSession();
  const key = `twotrack.draft.${user}.${draftKey}`;
  const [content, setContent] = useState(() => tabStorage.get(key) ?? "");
  const field = useRef<HTMLTextAreaElement>(null);
  const isEmpty = content.trim() === "";

  useEffect(() => {
    tabStorage.set(key, content || null);
    fitHeight(field.current);
  }, [key, content]);

  useEffect(() => {
    // Not on a phone: its keyboard would cover the chat that the user wants to read.
    if (hasKeyboard()) field.current?.focus();
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isEmpty || isBusy) return;
    setContent("");
    if ((await onSend(content.trim())) === false) setContent((current) => current || content);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (sends(event)) void submit(event);
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
        enterKeyHint={hasKeyboard() ? "send" : "enter"}
      />
      {isEmpty && onStop ? (
        <button
          type="button"
          className="send"
          onClick={() => {
            onStop();
            field.current?.focus();
          }}
          aria-label="Stop"
          title="Stop (Esc)"
        >
          <Icon name="stop" />
        </button>
      ) : (
        <button type="submit" className="send" disabled={isEmpty || isBusy} aria-label="Send" title="Send (Enter)">
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}

function fitHeight(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, MAX_HEIGHT_PX)}px`;
}

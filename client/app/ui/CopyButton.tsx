/** Button that copies a text to the clipboard and confirms it for a moment. */

import { type MouseEvent, useEffect, useState } from "react";
import { ActionButton } from "./Menu.tsx";

const CONFIRMATION_MS = 1_500;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), CONFIRMATION_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async ({ currentTarget }: MouseEvent<HTMLElement>) => setCopied(await copyFrom(currentTarget, text));
  return (
    <ActionButton icon={copied ? "check" : "copy"} label={label} onClick={copy} keepsMenuOpen>
      <span role="status" className="hidden">
        {copied ? "Copied" : ""}
      </span>
    </ActionButton>
  );
}

/** Resolves to true if the text was copied. Pages over plain HTTP have no clipboard API, so they copy a selection. */
async function copyFrom(button: HTMLElement, text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "hidden";
    button.after(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    button.focus();
    return isCopied;
  }
}

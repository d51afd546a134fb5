/** Button that copies a text to the clipboard and confirms it for a moment. */

import { type MouseEvent, useEffect, useState } from "react";
import { Icon } from "./Icon.tsx";

const CONFIRMATION_MS = 1_500;

export function CopyButton({ text, label, className = "quiet" }: { text: string; label: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), CONFIRMATION_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async ({ currentTarget }: MouseEvent<HTMLElement>) => setCopied(await copyFrom(currentTarget, text));
  return (
    <button type="button" className={className} onClick={copy} aria-label={label} title={label}>
      <Icon name={copied ? "check" : "copy"} />
      <span role="status" className="hidden">
        {copied ? "Copied" : ""}
      </span>
    </button>
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

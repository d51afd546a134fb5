/** Copies a text, and says so. */

import { type MouseEvent, useEffect, useState } from "react";
import { Icon } from "./Icon.tsx";

const THANKS_MS = 1_500;

export function CopyButton({ text, label, className = "quiet" }: { text: string; label: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), THANKS_MS);
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

/** Pages over plain HTTP have no clipboard, but may copy what is selected. Resolves to whether it was copied. */
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

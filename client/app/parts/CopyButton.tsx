/** Copies a text, and says so. */

import { useEffect, useState } from "react";
import { Icon } from "./Icon.tsx";

const THANKS_MS = 1_500;

export function CopyButton({ text, label, className = "quiet" }: { text: string; label: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), THANKS_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => {},
    );
  return (
    <button type="button" className={className} onClick={copy} aria-label={label} title={label}>
      <Icon name={copied ? "check" : "copy"} />
      <span role="status" className="hidden">
        {copied ? "Copied" : ""}
      </span>
    </button>
  );
}

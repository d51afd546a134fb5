/** A line across the conversation with a word in it: where a day begins, or where unread messages begin. */

import { formatDay } from "../ui/dates.ts";

export function NewDivider() {
  return <Divider className="new-divider" label="New" />;
}

/** `today` and `day` are midnights. */
export function DayDivider({ day, today }: { day: number; today: number }) {
  return <Divider className="day-divider" label={formatDay(day, today)} />;
}

function Divider({ className, label }: { className: string; label: string }) {
  return (
    // Named by its label: a separator's text is not part of the accessibility tree.
    // biome-ignore lint/a11y/useSemanticElements: an <hr> has no text
    <div className={`divider ${className}`} role="separator" aria-label={label}>
      {label}
    </div>
  );
}

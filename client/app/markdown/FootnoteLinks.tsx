/** Links between the footnotes of a message and the places that refer to them. */

import { createContext, type MouseEvent, use } from "react";

/** Distinguishes the anchors of a message from those of all others. */
export const AnchorPrefix = createContext("");

interface Props {
  /** Number of the footnote. */
  readonly "data-number": string;
  /** The first reference is 0. */
  readonly "data-reference": string;
}

export function FootnoteReference({ "data-number": number, "data-reference": reference }: Props) {
  const prefix = use(AnchorPrefix);
  return (
    <sup>
      <a
        id={referenceId(prefix, number, reference)}
        className="footnote-link"
        href={`#${footnoteId(prefix, number)}`}
        aria-label={`Footnote ${number}`}
        onClick={follow}
      >
        {number}
      </a>
    </sup>
  );
}

/** The number of a footnote, at its start. */
export function FootnoteNumber({ "data-number": number }: Props) {
  return (
    <sup id={footnoteId(use(AnchorPrefix), number)} tabIndex={-1}>
      {number}
    </sup>
  );
}

export function FootnoteBackLink({ "data-number": number, "data-reference": reference }: Props) {
  const prefix = use(AnchorPrefix);
  const place = reference === "0" ? "" : `, place ${Number(reference) + 1}`;
  return (
    <a
      className="footnote-link"
      href={`#${referenceId(prefix, number, reference)}`}
      aria-label={`Back to reference ${number}${place}`}
      onClick={follow}
    >
      {"\u21a9\ufe0e"}
    </a>
  );
}

function footnoteId(prefix: string, number: string): string {
  return `footnote-${prefix}-${number}`;
}

function referenceId(prefix: string, number: string, reference: string): string {
  return `reference-${prefix}-${number}-${reference}`;
}

/** Moves the focus. The address stays: what follows its `#` is the ID of a message. */
function follow(event: MouseEvent<HTMLAnchorElement>): void {
  event.preventDefault();
  const target = document.getElementById(decodeURIComponent(event.currentTarget.hash.slice(1)));
  target?.focus({ preventScroll: true });
  target?.scrollIntoView({ block: "nearest" });
}

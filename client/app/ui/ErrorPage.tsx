/** Shown instead of a page that cannot be displayed: the reason, and a button to retry or a link to a new chat. */

import type { ReactNode } from "react";
import { pathTo } from "./paths.ts";
import { onLinkClick } from "./router.ts";

interface Props {
  readonly title: string;
  readonly children: ReactNode;
  readonly onRetry?: () => void;
  readonly retryLabel?: string;
  /** Of the link to the start page. */
  readonly linkLabel?: string;
}

export function ErrorPage({
  title,
  children,
  onRetry,
  retryLabel = "Try again",
  linkLabel = "Start a new chat",
}: Props) {
  return (
    <div className="error-page" role="alert">
      <h1>{title}</h1>
      <p>{children}</p>
      {onRetry ? (
        <button type="button" className="primary" onClick={onRetry}>
          {retryLabel}
        </button>
      ) : (
        <a className="button" href={pathTo()} onClick={onLinkClick()}>
          {linkLabel}
        </a>
      )}
    </div>
  );
}

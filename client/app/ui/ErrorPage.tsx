/** A page that cannot show what was asked for: why, and what to do. */

import type { ReactNode } from "react";
import { pathOf } from "./paths.ts";
import { followingLink } from "./router.ts";

interface Props {
  readonly title: string;
  readonly children: ReactNode;
  readonly onRetry?: () => void;
}

export function Problem({ title, children, onRetry }: Props) {
  return (
    <div className="problem" role="alert">
      <h1>{title}</h1>
      <p>{children}</p>
      {onRetry ? (
        <button type="button" className="primary" onClick={onRetry}>
          Try again
        </button>
      ) : (
        <a className="button" href={pathOf()} onClick={followingLink()}>
          Start a new chat
        </a>
      )}
    </div>
  );
}

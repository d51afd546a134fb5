/** Shown instead of a chat to which a link does not lead. */

import type { ReactNode } from "react";

export function LinkEnded({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="link-ended">
      <div className="error-page" role="alert">
        <h1>{title}</h1>
        <p>{children}</p>
        <a className="button" href="/">
          Open Twotrack
        </a>
      </div>
    </main>
  );
}

/** Shown at an address that leads to no page. The server answers such an address with status 404. */

import { ErrorPage } from "./ErrorPage.tsx";

export function NotFound() {
  return (
    <main className="link-ended">
      <ErrorPage title="Page not found" linkLabel="Open Twotrack">
        This address leads nowhere. Check it for a typing error, or start from the first page.
      </ErrorPage>
    </main>
  );
}

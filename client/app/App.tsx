/** The page: the sign-in form, the chats of the signed-in user, or what a link shows. */

import { ApolloProvider } from "@apollo/client/react";
import { lazy, Suspense } from "react";
import { HomePage } from "./chats/HomePage.tsx";
import { SignIn } from "./session/SignIn.tsx";
import { useSession } from "./session/session.ts";
import { ErrorBoundary } from "./ui/ErrorBoundary.tsx";
import { ErrorPage } from "./ui/ErrorPage.tsx";
import { NotFound } from "./ui/NotFound.tsx";
import { currentLink, useIsAtLink, useIsKnownPath } from "./ui/router.ts";

// Loaded when needed: most visits are not by a link.
const LinkPage = lazy(async () => ({ default: (await import("./links/LinkPage.tsx")).LinkPage }));

export function App() {
  const { client, user, notice } = useSession();
  const isKnownPath = useIsKnownPath();
  const link = useIsAtLink() ? currentLink() : undefined;
  return (
    <ApolloProvider key={user} client={client}>
      <ErrorBoundary fallback={<RenderingFailed />}>
        {!isKnownPath ? (
          <NotFound />
        ) : link !== undefined ? (
          <Suspense>
            <LinkPage link={link} />
          </Suspense>
        ) : user === undefined ? (
          <SignIn notice={notice} />
        ) : (
          <HomePage />
        )}
      </ErrorBoundary>
    </ApolloProvider>
  );
}

function RenderingFailed() {
  return (
    <main>
      <ErrorPage title="This page could not be displayed" onRetry={() => location.reload()} retryLabel="Reload">
        Your drafts and unsent messages are saved. Reload the page to continue.
      </ErrorPage>
    </main>
  );
}

/** The page: the sign-in form, or the chats of the signed-in user. */

import { ApolloProvider } from "@apollo/client/react";
import { HomePage } from "./chats/HomePage.tsx";
import { SignIn } from "./session/SignIn.tsx";
import { useSession } from "./session/session.ts";
import { ErrorBoundary } from "./ui/ErrorBoundary.tsx";
import { ErrorPage } from "./ui/ErrorPage.tsx";

export function App() {
  const { client, user, notice } = useSession();
  return (
    <ApolloProvider key={user} client={client}>
      <ErrorBoundary fallback={<RenderingFailed />}>
        {user === undefined ? <SignIn notice={notice} /> : <HomePage />}
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

/** The page: the door, or what is behind it. */

import { ApolloProvider } from "@apollo/client/react";
import { Home } from "./chats/HomePage.tsx";
import { SignIn } from "./session/SignIn.tsx";
import { useSession } from "./session/session.ts";
import { Boundary } from "./ui/ErrorBoundary.tsx";
import { Problem } from "./ui/ErrorPage.tsx";

export function App() {
  const { client, user, notice } = useSession();
  return (
    <ApolloProvider key={user} client={client}>
      <Boundary instead={<Broken />}>{user === undefined ? <SignIn notice={notice} /> : <Home />}</Boundary>
    </ApolloProvider>
  );
}

function Broken() {
  return (
    <main>
      <Problem title="The page has broken down" onRetry={() => location.reload()}>
        That is our fault. What you wrote is kept; the page has to be loaded again.
      </Problem>
    </main>
  );
}

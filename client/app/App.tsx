/** The page: the door, or what is behind it. */

import { ApolloProvider } from "@apollo/client/react";
import { Home } from "./Home.tsx";
import { Boundary } from "./parts/Boundary.tsx";
import { Problem } from "./parts/Problem.tsx";
import { SignIn } from "./session/SignIn.tsx";
import { useSession } from "./session/session.ts";

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

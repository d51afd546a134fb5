/** The page: the door, or what is behind it. */

import { ApolloProvider } from "@apollo/client/react";
import { Home } from "./Home.tsx";
import { SignIn } from "./session/SignIn.tsx";
import { useSession } from "./session/session.ts";

export function App() {
  const { client, user, notice } = useSession();
  return (
    <ApolloProvider key={user} client={client}>
      {user === undefined ? <SignIn notice={notice} /> : <Home />}
    </ApolloProvider>
  );
}

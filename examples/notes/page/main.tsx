/** Connects to the server, and shows the notes or the sign-in form. */

import { ApolloProvider } from "@apollo/client/react";
import { createTwotrackClient, revisionedPagination, TwotrackCache } from "@twotrack/client/apollo";
import { createRoot } from "react-dom/client";
import { Notes } from "./Notes.tsx";
import { noteStream } from "./notes.ts";
import { SignIn, signOut, token } from "./SignIn.tsx";

const client = createTwotrackClient({
  url: "/graphql",
  streams: [noteStream],
  cache: new TwotrackCache({ typePolicies: { Viewer: { fields: { notes: revisionedPagination() } } } }),
  token: (rejected) => (rejected ? signOut() : token()),
});

createRoot(document.getElementById("root") as HTMLElement).render(
  <ApolloProvider client={client}>{token() ? <Notes /> : <SignIn />}</ApolloProvider>,
);

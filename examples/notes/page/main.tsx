/** Connects to the server, and shows the viewer's notes or the sign-in form. */

import { ApolloProvider, useQuery } from "@apollo/client/react";
import { createTwotrackClient, revisionedPagination, TwotrackCache } from "@twotrack/client/apollo";
import { createRoot } from "react-dom/client";
import { Notes } from "./Notes.tsx";
import { NOTES, noteStream } from "./notes.ts";
import { SignIn, storedToken } from "./SignIn.tsx";

const client = createTwotrackClient({
  url: "/graphql",
  token: storedToken,
  streams: [noteStream],
  cache: new TwotrackCache({ typePolicies: { Viewer: { fields: { notes: revisionedPagination() } } } }),
});

function App() {
  const { data, refetch } = useQuery(NOTES);
  if (data === undefined) return null;
  return data.viewer ? <Notes viewer={data.viewer} refetch={refetch} /> : <SignIn onSignedIn={refetch} />;
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <ApolloProvider client={client}>
    <App />
  </ApolloProvider>,
);

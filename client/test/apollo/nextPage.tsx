/** A page as a Next app would write it: an existing client of Apollo's Next integration, on a connection of ours. */

import { gql, type TypedDocumentNode } from "@apollo/client";
import { useSuspenseQuery } from "@apollo/client/react";
import { ApolloClient, ApolloNextAppProvider, InMemoryCache } from "@apollo/client-integration-nextjs";
import { type ReactNode, Suspense } from "react";
import { revisioned, twotrackLink } from "../../src/apollo/index.ts";
import { useConnection, useMessageStream, useSync } from "../../src/apollo/react/index.ts";
import type { Connection, LiveMessage } from "../../src/core/index.ts";

const CHAT: TypedDocumentNode<{ chat: { messages: { revision: number; edges: { node: LiveMessage }[] } } }> = gql`
  query Chat {
    chat(id: "chat-1") {
      id
      messages(last: 30) {
        revision
        edges { node { id revision status streaming content } }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
      }
    }
  }
`;

export function NextPage({ connection }: { connection: Connection }): ReactNode {
  const makeClient = () => new ApolloClient({ cache: revisioned(new InMemoryCache()), link: twotrackLink(connection) });
  return (
    <ApolloNextAppProvider makeClient={makeClient}>
      <Suspense fallback="Loading">
        <Chat />
      </Suspense>
    </ApolloNextAppProvider>
  );
}

function Chat() {
  const { data, refetch } = useSuspenseQuery(CHAT);
  const { messages } = data.chat;
  useSync("chat-1", () => messages.revision, refetch);
  const { status } = useConnection();
  return (
    <main data-status={status}>
      {messages.edges.map(({ node }) => (
        <Bubble key={node.id} message={node} />
      ))}
    </main>
  );
}

function Bubble({ message }: { message: LiveMessage }) {
  const { content, streaming } = useMessageStream(message);
  return <article aria-busy={streaming}>{content}</article>;
}

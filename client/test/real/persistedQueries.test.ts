// @vitest-environment node
/** Apollo's link for persisted queries sends hashes first. The server has it go on without. */

import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Person, RealServer } from "./server.ts";

const VIEWER = gql`
  query Viewer {
    viewer {
      email
    }
  }
`;
const CREATE = gql`
  mutation Create($title: String) {
    createChat(input: { title: $title }) {
      chat {
        title
      }
    }
  }
`;

let server: RealServer;
let ann: Person;

beforeAll(async () => {
  server = await RealServer.start();
  ann = await server.signUp("Ann");
});

afterAll(() => server.stop());

/** A client, and the requests that it has sent: whether each was a hash alone. */
function persisting(options: { useGETForHashedQueries?: boolean; accept?: string } = {}) {
  const { useGETForHashedQueries = false, accept } = options;
  const sent: { method: string; isHashAlone: boolean }[] = [];
  const recording: typeof fetch = (input, init) => {
    const body = init?.body === undefined ? undefined : JSON.parse(String(init.body));
    sent.push({ method: String(init?.method), isHashAlone: body?.query === undefined });
    return fetch(input, init);
  };
  const headers = { authorization: `Bearer ${ann.token}`, ...(accept && { accept }) };
  const sha256 = (query: string) => createHash("sha256").update(query).digest("hex");
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([
      new PersistedQueryLink({ sha256, useGETForHashedQueries }),
      new HttpLink({ uri: server.url, fetch: recording, headers }),
    ]),
  });
  return { client, sent };
}

describe("Apollo's persisted-query link", () => {
  for (const accept of [undefined, "application/json"])
    it(`goes on without hashes, asking for ${accept ?? "the newer media type"}`, async () => {
      const { client, sent } = persisting({ accept });
      const query = () => client.query({ query: VIEWER, fetchPolicy: "network-only" });
      expect((await query()).data).toEqual({ viewer: { __typename: "Viewer", email: ann.email } });
      expect((await query()).data).toEqual({ viewer: { __typename: "Viewer", email: ann.email } });
      expect(sent).toEqual([
        { method: "POST", isHashAlone: true },
        { method: "POST", isHashAlone: false },
        { method: "POST", isHashAlone: false },
      ]);
    });

  it("executes a mutation once", async () => {
    const { client, sent } = persisting();
    const { data } = await client.mutate<{ createChat: { chat: { title: string } } }>({
      mutation: CREATE,
      variables: { title: "Plans" },
    });
    expect(data?.createChat.chat.title).toBe("Plans");
    expect(sent.map(({ isHashAlone }) => isHashAlone)).toEqual([true, false]);
    const { viewer } = await server.ask<{ viewer: { chats: { edges: unknown[] } } }>(
      "{ viewer { chats { edges { cursor } } } }",
      {},
      ann.token,
    );
    expect(viewer.chats.edges).toHaveLength(1);
  });

  it("goes on by POST after a hash in a GET", async () => {
    const { client, sent } = persisting({ useGETForHashedQueries: true });
    expect((await client.query({ query: VIEWER })).data).toMatchObject({ viewer: { email: ann.email } });
    expect(sent).toEqual([
      { method: "GET", isHashAlone: true },
      { method: "POST", isHashAlone: false },
    ]);
  });
});

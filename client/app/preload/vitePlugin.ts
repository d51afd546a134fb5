/** Vite plugin: bundles `inlineScript.ts`, with the requests that it sends, into index.html. */

import { fileURLToPath } from "node:url";
import { ApolloClient, HttpLink } from "@apollo/client";
import { build, type Plugin, type Rolldown } from "vite";
import { TwotrackCache } from "../../src/apollo/cache.ts";
import { chatQuery } from "../chat/queries.ts";
import { chatListQuery } from "../chats/queries.ts";

const PLACEHOLDER = "<!-- preload/inlineScript.ts -->";

export function preload(): Plugin {
  let mode: string;
  return {
    name: "preload",
    configResolved: (config) => {
      mode = config.mode;
    },
    transformIndexHtml: async (page) => {
      const script = await bundle(mode);
      return page.replace(PLACEHOLDER, () => `<script>${script}</script>`);
    },
  };
}

async function bundle(mode: string): Promise<string> {
  const requests = { chatList: await requestOf(chatListQuery), chat: await requestOf(chatQuery("")) };
  const input = fileURLToPath(new URL("inlineScript.ts", import.meta.url));
  const { output } = (await build({
    configFile: false,
    mode,
    logLevel: "warn",
    define: { REQUESTS: JSON.stringify(requests) },
    build: { write: false, rolldownOptions: { input, output: { format: "iife" } } },
  })) as Rolldown.RolldownOutput;
  return output[0].code.trim();
}

/** The request body as the page's own client sends it: with `__typename`, without client-only directives. */
async function requestOf(query: typeof chatListQuery | ReturnType<typeof chatQuery>): Promise<unknown> {
  let body: unknown;
  const fetch = async (_: unknown, init?: RequestInit) => {
    body = JSON.parse(String(init?.body));
    return Response.json({ data: null });
  };
  const client = new ApolloClient({
    cache: new TwotrackCache(),
    link: new HttpLink({ uri: "http://nowhere/", fetch }),
  });
  await client.query(query as typeof chatListQuery);
  return body;
}

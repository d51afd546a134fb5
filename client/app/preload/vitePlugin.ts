/** The build's part: puts the early script into the page, and into that the requests which it sends. */

import { fileURLToPath } from "node:url";
import { ApolloClient, HttpLink } from "@apollo/client";
import { build, type Plugin, type Rolldown } from "vite";
import { TwotrackCache } from "../../src/apollo/cache.ts";
import { chatQuestion, listQuestion } from "../chats/queries.ts";

const PLACE = "<!-- inlineScript.ts -->";

export function early(): Plugin {
  let mode: string;
  return {
    name: "early",
    configResolved: (config) => {
      mode = config.mode;
    },
    transformIndexHtml: async (page) => {
      const script = await built(mode);
      return page.replace(PLACE, () => `<script>${script}</script>`);
    },
  };
}

async function built(mode: string): Promise<string> {
  const requests = { list: await requestOf(listQuestion), chat: await requestOf(chatQuestion("")) };
  const { output } = (await build({
    configFile: false,
    mode,
    logLevel: "warn",
    define: { REQUESTS: JSON.stringify(requests) },
    build: {
      write: false,
      rolldownOptions: {
        input: fileURLToPath(new URL("inlineScript.ts", import.meta.url)),
        output: { format: "iife" },
      },
    },
  })) as Rolldown.RolldownOutput;
  return output[0].code.trim();
}

/** As the page's own client sends it: with `__typename`, and without what is for the client alone. */
async function requestOf(question: typeof listQuestion | ReturnType<typeof chatQuestion>): Promise<unknown> {
  let sent: unknown;
  const fetch = async (_: unknown, init?: RequestInit) => {
    sent = JSON.parse(String(init?.body));
    return Response.json({ data: null });
  };
  const client = new ApolloClient({
    cache: new TwotrackCache(),
    link: new HttpLink({ uri: "http://nowhere/", fetch }),
  });
  await client.query(question as typeof listQuestion);
  return sent;
}

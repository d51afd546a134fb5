// @vitest-environment node
import { Writable } from "node:stream";
import * as integration from "@apollo/client-integration-nextjs";
import { ServerInsertedHTMLContext } from "next/navigation.js";
import { renderToPipeableStream } from "react-dom/server";
import { expect, test } from "vitest";
import { createConnection } from "../../src/core/index.ts";
import { TestServer } from "../server.ts";
import { NextPage } from "./nextPage.tsx";

test("Apollo's Next integration renders the page on the server, which connects to nothing", async () => {
  const server = await TestServer.start();
  server.add({ status: "STREAMING", content: "Once" });
  const connection = createConnection({ url: server.url, fetch: server.fetch });
  expect(integration).toHaveProperty("built_for_ssr");
  const html = await new Promise<string>((resolve, reject) => {
    let written = "";
    const sink = new Writable({
      write(chunk, _, done) {
        written += chunk;
        done();
      },
      final: () => resolve(written),
    });
    const page = renderToPipeableStream(
      <ServerInsertedHTMLContext.Provider value={() => {}}>
        <NextPage connection={connection} />
      </ServerInsertedHTMLContext.Provider>,
      { onAllReady: () => page.pipe(sink), onError: reject },
    );
  });
  expect(html).toContain('<article aria-busy="true">Once</article>');
  expect(html).toContain('data-status="idle"');
  expect(server.operations).toEqual(["Chat"]);
  expect(server.connects).toEqual([]);
  connection.close();
  await server.stop();
});

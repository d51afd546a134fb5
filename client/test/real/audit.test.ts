// @vitest-environment node
/** The audit of GraphQL over HTTP by its working group: https://graphql.github.io/graphql-over-http. */

import { serverAudits } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RealServer } from "./server.ts";

let server: RealServer;

beforeAll(async () => {
  server = await RealServer.start();
});

afterAll(() => server.stop());

describe("the working group's audit", () => {
  // The names are needed before the server has an address.
  for (const { name } of serverAudits({ url: "" }).filter(({ name }) => !name.startsWith("MAY")))
    it(name, async () => {
      const audit = serverAudits({ url: server.url, fetchFn: fetch }).find((audit) => audit.name === name);
      expect(await audit?.fn()).toMatchObject({ status: "ok" });
    });
});

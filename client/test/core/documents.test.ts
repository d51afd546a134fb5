// @vitest-environment node

import { readFileSync } from "node:fs";
import { executeCodegen } from "@graphql-codegen/cli";
import { expect, test } from "vitest";
import config from "../../codegen.ts";

test("the generated documents match the schema and the .graphql files (if not, run `npm run codegen`)", async () => {
  const { result, error } = await executeCodegen({ ...config, silent: true });
  expect(error).toBeNull();
  expect(result.map(({ filename }) => filename).sort()).toEqual([
    "app/documents.ts",
    "src/core/documents.ts",
    "src/operations/documents.ts",
  ]);
  for (const { filename, content } of result) expect(readFileSync(filename, "utf8")).toBe(content);
});

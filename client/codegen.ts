import { existsSync } from "node:fs";
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: existsSync("../schema.graphql") ? "../schema.graphql" : "schema.draft.graphql",
  generates: {
    "src/core/documents.ts": {
      documents: "src/core/*.graphql",
      plugins: ["typescript-operations", "typed-document-node"],
      config: { enumsAsTypes: true, scalars: { DateTime: "string", ID: "string" }, useTypeImports: true },
    },
  },
};

export default config;

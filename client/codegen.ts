import type { CodegenConfig } from "@graphql-codegen/cli";

const plugins = ["typescript-operations", "typed-document-node"];
const config = { enumsAsTypes: true, scalars: { DateTime: "string", ID: "string" }, useTypeImports: true };

export default {
  schema: "../schema.graphql",
  generates: {
    "src/core/documents.ts": { documents: "src/core/documents.graphql", plugins, config },
    "src/operations/documents.ts": {
      documents: ["src/core/documents.graphql", "src/operations/operations.graphql"],
      plugins,
      config,
    },
    "app/documents.ts": { documents: ["src/core/documents.graphql", "app/documents.graphql"], plugins, config },
  },
} satisfies CodegenConfig;

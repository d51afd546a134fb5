// @vitest-environment node

import { expect, test } from "vitest";
import { type Signatures, signatures } from "./signatures.ts";

const HEAD = `# Names of the client package

The signatures of all public names of \`@twotrack/client\`, generated from its types by \`npm --prefix client run signatures\`.
How to use them is in [client/README.md](../client/README.md).
`;

function page(all: Signatures): string {
  const sections = [...all].map(([entry, names]) => {
    const isGenerated = entry.endsWith("/operations");
    const documents = [...names.keys()].filter((name) => name.endsWith("Document")).map((name) => `\`${name}\``);
    const text = isGenerated
      ? `Typed documents: ${documents.join(", ")}.\n\nThe types of their results and variables are named alike, such as \`ChatQuery\` and \`ChatQueryVariables\`.\n`
      : `\`\`\`ts\n${[...names.values()].join("\n\n")}\n\`\`\`\n`;
    return `\n## ${entry}\n\n${text}`;
  });
  return HEAD + sections.join("");
}

test("docs/client.md has the signatures of all public names (if not, run `npm run signatures`)", async () => {
  const all = signatures();
  for (const [entry, names] of all)
    for (const name of Object.keys(await import(/* @vite-ignore */ entry))) expect([...names.keys()]).toContain(name);
  await expect(page(all)).toMatchFileSnapshot("../../../docs/client.md");
}, 60_000);

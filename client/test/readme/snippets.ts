/** Writes the README's snippets into files, so that the tests run what the README shows. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The code blocks whose fence names a file, for example ```tsx apollo.tsx */
export function snippets(): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name, code] of readFileSync("README.md", "utf8").matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms))
    found.set(name as string, code as string);
  return found;
}

export function writeSnippets(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, code] of snippets()) writeFileSync(join(folder, name), code);
}

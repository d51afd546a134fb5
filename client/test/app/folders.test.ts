import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { expect, test } from "vitest";

const APP = "app";

/** The folders that each folder may import from. `ui` knows no other folder, and no two folders import each other. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  ui: [],
  session: ["ui"],
  markdown: ["ui"],
  chat: ["markdown", "session", "ui"],
  settings: ["session", "ui"],
  tracks: ["chat", "session", "ui"],
  chats: ["chat", "session", "settings", "tracks", "ui"],
  links: ["chat", "session", "ui"],
  preload: ["chat", "chats", "session", "ui"],
};

const sources = readdirSync(APP, { recursive: true, encoding: "utf8" }).filter(
  (path) => /\.tsx?$/.test(path) && !path.startsWith(`dist${sep}`),
);

function folderOf(path: string): string | undefined {
  return path.includes(sep) ? path.split(sep)[0] : undefined;
}

/** The folders of the page that a file imports from. */
function importedFolders(path: string): string[] {
  const source = readFileSync(join(APP, path), "utf8");
  const imports = [...source.matchAll(/\bfrom "(\.{1,2}\/[^"]+)"/g)].map(([, name = ""]) => name);
  return imports
    .map((name) => folderOf(normalize(join(dirname(path), name))) ?? "")
    .filter((name) => name in MAY_IMPORT);
}

test("every folder has a rule", () => {
  const folders = new Set(sources.map(folderOf).filter((folder) => folder !== undefined));
  expect([...folders].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

test.each(Object.entries(MAY_IMPORT))("%s imports only from the folders that it may know", (folder, allowed) => {
  const files = sources.filter((path) => folderOf(path) === folder);
  const forbidden = files.flatMap((path) =>
    importedFolders(path)
      .filter((name) => name !== folder && !allowed.includes(name))
      .map((name) => `${path} imports ${name}`),
  );
  expect(forbidden).toEqual([]);
});

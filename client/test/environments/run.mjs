/**
 * Installs the packed tarball in each project of this folder, beside the README's snippets, and checks it:
 * `node run.mjs`, or `node run.mjs next vue` for some of them.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const client = join(here, "../..");
const all = readdirSync(here, { withFileTypes: true }).flatMap((it) => (it.isDirectory() ? [it.name] : []));
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
const work = mkdtempSync(join(tmpdir(), "twotrack-environments-"));

function run(cwd, command, ...args) {
  const { status } = spawnSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`${[command, ...args].join(" ")} failed.`);
}

/** The snippets of which the project has a list, in its `src`. */
function writeSnippets(project) {
  const { snippets } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  const readme = readFileSync(join(client, "README.md"), "utf8");
  const code = new Map([...readme.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]));
  for (const [place, name] of Object.entries(snippets)) {
    if (!code.has(name)) throw new Error(`The README has no snippet ${name}.`);
    writeFileSync(join(project, place), code.get(name));
  }
}

const failed = [];
try {
  run(client, "npm", "pack", "--silent", "--pack-destination", work);
  const tarball = join(
    work,
    readdirSync(work).find((name) => name.endsWith(".tgz")),
  );
  for (const name of names) {
    console.log(`--- ${name}`);
    const project = join(work, name);
    cpSync(join(here, name), project, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
    try {
      writeSnippets(project);
      run(project, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error");
      run(project, "npm", "install", tarball, "--no-save", "--no-audit", "--no-fund", "--loglevel=error");
      run(project, "npm", "run", "--silent", "check");
    } catch (error) {
      console.error(`${name}: ${error.message}`);
      failed.push(name);
    }
    rmSync(project, { recursive: true, force: true });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(failed.length > 0 ? `Failed: ${failed.join(", ")}` : `${names.length} environments work.`);
process.exitCode = failed.length > 0 ? 1 : 0;

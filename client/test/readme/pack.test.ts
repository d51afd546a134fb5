// @vitest-environment node

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runsOnBareRuntimes } from "../runtime/bare.ts";
import { writeSnippets } from "./snippets.ts";

/** A new Vite app with the packed tarball. */
let app: string;
let tarball: string;

const run = (command: string, ...args: string[]) => {
  const { stdout, stderr } = spawnSync(command, args, { cwd: app, encoding: "utf8" });
  return stdout + stderr;
};
const bin = (name: string) => resolve("node_modules/.bin", name);

beforeAll(() => {
  app = mkdtempSync(join(tmpdir(), "twotrack-app-"));
  const packed = execFileSync("npm", ["pack", "--json", "--silent", "--pack-destination", app], { encoding: "utf8" });
  // An object since npm 12, and a list before.
  const [{ filename }] = Object.values(JSON.parse(packed)) as [{ filename: string }];
  const place = join(app, "node_modules/@twotrack/client");
  mkdirSync(place, { recursive: true });
  tarball = join(app, filename);
  run("tar", "-xzf", tarball, "-C", place, "--strip-components=1");
  for (const name of [
    "@apollo/client-integration-nextjs",
    "@testing-library/react",
    "@types/react",
    "@types/react-dom",
    "relay-runtime",
    "react-dom",
    "rxjs",
    "@urql/exchange-graphcache",
    "svelte",
    "vitest",
    "vue",
    ...needs(place),
  ])
    link(name);
  writeSnippets(join(app, "src"));
  writeFileSync(join(app, "index.html"), '<div id="root"></div><script type="module" src="/src/main.tsx"></script>');
  writeFileSync(join(app, "package.json"), '{ "type": "module", "private": true }');
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify(TSCONFIG));
}, 60_000);
afterAll(() => rmSync(app, { recursive: true, force: true }));

const TSCONFIG = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    module: "ESNext",
    moduleResolution: "bundler",
    jsx: "react-jsx",
    strict: true,
    noEmit: true,
    skipLibCheck: true, // as in Vite's templates
    types: [],
  },
  include: ["src"],
};

function needs(place: string): string[] {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
  return Object.keys({ ...dependencies, ...peerDependencies });
}

function link(name: string): void {
  const place = join(app, "node_modules", name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(resolve("node_modules", name), place);
}

/** Builds the app from this entry, and returns its JavaScript. */
function build(main: string): string {
  writeFileSync(join(app, "src/main.tsx"), main);
  expect(run(bin("vite"), "build", "--logLevel", "error")).toBe("");
  const assets = join(app, "dist/assets");
  return readdirSync(assets)
    .filter((file) => file.startsWith("index"))
    .map((file) => readFileSync(join(assets, file), "utf8"))
    .join();
}

test("the tarball contains the build, the README and the project's licence, and nothing else", () => {
  const place = join(app, "node_modules/@twotrack/client");
  expect(readdirSync(place).sort()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  expect(readFileSync(join(place, "LICENSE"), "utf8")).toBe(readFileSync("../LICENSE", "utf8"));
});

test("every snippet of the README compiles against its types in strict mode", () => {
  expect(run(bin("tsc"))).toBe("");
}, 60_000);

test.each(["apollo", "urql"])(
  "a page on %s builds",
  (binding) => {
    const code = build(`
    import { createRoot } from "react-dom/client";
    import { App } from "./${binding}";
    createRoot(document.getElementById("root")!).render(<App id="1" />);
  `);
    expect(code).toContain("messageStream");
  },
  60_000,
);

test("a page without a framework contains neither React nor a GraphQL client", () => {
  const code = build('import { follow } from "./connection"; follow("/graphql", "", "1", console.log, console.log);');
  expect(code).not.toMatch(/useSyncExternalStore|InMemoryCache|cacheExchange/);
  expect(code.length).toBeLessThan(60_000);
}, 60_000);

test("publint and attw find nothing to complain about", () => {
  expect(run(bin("publint"), tarball, "--strict")).toContain("All good!");
  // For ESM, bundlers and node16. Scripts that require it get an ES module.
  const args = [tarball, "--profile", "esm-only", "--no-definitely-typed", "--format", "ascii"];
  const { status, stdout } = spawnSync(bin("attw"), args, { encoding: "utf8" });
  expect(status, stdout).toBe(0);
}, 60_000);

test("Node imports every entry point, and a CommonJS script requires them", () => {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
  const entries = Object.keys(exports);
  expect(entries).toContain("./testing");
  const names = JSON.stringify(entries.map((entry) => entry.replace(".", "@twotrack/client")));
  const code = `
    const names = ${names};
    Promise.all(names.map((name) => import(name))).then((modules) =>
      console.log(String(modules.map((module, index) => module.createConnection === require(names[index]).createConnection && Object.keys(module).length > 0))));
  `;
  const warning = "--disable-warning=ExperimentalWarning"; // about require, until Node 22
  expect(run("node", warning, "-e", code)).toBe(`${entries.map(() => true)}\n`);
}, 60_000);

test("the tarball has the schema, and source maps with the sources in them", () => {
  const dist = join(app, "node_modules/@twotrack/client/dist");
  expect(readFileSync(join(dist, "schema.graphql"), "utf8")).toBe(readFileSync("../schema.graphql", "utf8"));
  const { sourcesContent } = JSON.parse(readFileSync(join(dist, "core/connection.js.map"), "utf8"));
  expect(sourcesContent).toEqual([readFileSync("src/core/connection.ts", "utf8")]);
});

describe("a runtime that is no browser", () => runsOnBareRuntimes(() => app));

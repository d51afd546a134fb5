/** Collects the signatures of all public names from the declarations that tsc writes. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** The signatures of each entry: from its name, such as `@twotrack/client/apollo`, to names with their declarations. */
export type Signatures = ReadonlyMap<string, ReadonlyMap<string, string>>;

export function signatures(): Signatures {
  const folder = mkdtempSync(join(tmpdir(), "twotrack-types-"));
  try {
    const args = [
      "-p",
      "tsconfig.build.json",
      "--emitDeclarationOnly",
      "--sourceMap",
      "false",
      "--inlineSources",
      "false",
    ];
    execFileSync(resolve("node_modules/.bin/tsc"), [...args, "--outDir", folder]);
    const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
      exports: Record<string, { types: string }>;
    };
    return new Map(
      Object.entries(exports).map(([entry, { types }]) => {
        const names = namesOf(join(folder, types.replace("./dist/", "")));
        const sorted = [...names].sort(([one], [other]) => one.localeCompare(other, "en"));
        return [entry.replace(".", "@twotrack/client"), new Map(sorted)];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a file exports: its own declarations, and those that it exports again from other files. */
function namesOf(file: string): Map<string, string> {
  const code = readFileSync(file, "utf8");
  const names = new Map<string, string>();
  const addFrom = (from: string, pick: (known: Map<string, string>) => Iterable<[string, string]>) => {
    const known = from.startsWith(".") ? namesOf(join(dirname(file), from.replace(/\.[jt]s$/, ".d.ts"))) : new Map();
    for (const [name, declaration] of pick(known)) names.set(name, declaration);
  };
  for (const [, from] of code.matchAll(/^export \* from "(.+)";$/gm)) addFrom(from as string, (known) => known);
  for (const [, list = "", from] of code.matchAll(/^export (?:type )?\{([^}]*)\} from "(.+)";$/gm))
    addFrom(from as string, (known) =>
      list.split(",").flatMap((item): [string, string][] => {
        const [name = "", as = name] = item
          .trim()
          .replace(/^type /, "")
          .split(" as ");
        return name ? [[as, (known.get(name) ?? `export type { ${name} } from "${from}";`).replace(name, as)]] : [];
      }),
    );
  for (const [name, declaration] of declarationsOf(code)) names.set(name, declaration);
  return names;
}

/** The exported declarations of a file, each with the comment before it. */
function* declarationsOf(code: string): Iterable<[string, string]> {
  let lines: string[] = [];
  for (const line of code.split("\n")) {
    if (line.startsWith("/**") && lines.every((earlier) => !earlier.startsWith("export "))) lines = [];
    lines.push(line);
    const text = lines.join("\n");
    const isOpen = /^\/\*\*(?!.*\*\/)/.test(text) && !text.includes("*/");
    const [, comment = "", kind, name] =
      /^(\/\*\*[\s\S]*?\*\/\n)?export (?:declare )?(class|const|function|interface|type) (\w+)/.exec(text) ?? [];
    const statement = text.slice(comment.length).replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
    const isBalanced = count(statement, /[{(]/g) === count(statement, /[})]/g);
    const ends = kind === "class" || kind === "interface" ? "}" : ";";
    if (name && isBalanced && statement.endsWith(ends)) {
      const withoutImports = text.replaceAll(/import\("[^"]+"\)\./g, "").replaceAll(/^ +#private;\n/gm, "");
      yield [name, withoutImports.replace("export declare ", "export ")];
      lines = [];
    } else if (name === undefined && !isOpen && !/^\/\*\*[\s\S]*?\*\/$/.test(text)) lines = [];
  }
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** Runs the README's own test of a component. */

import { writeSnippets } from "./snippets.ts";

const FOLDER = "test/readme/dist/testing"; // ignored by git
writeSnippets(FOLDER);
await import(/* @vite-ignore */ `./dist/testing/${"Story.spec.tsx"}`);

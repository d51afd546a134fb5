// @vitest-environment node

import { readFileSync } from "node:fs";
import { buildSchema, type DocumentNode, isObjectType, TypeInfo, visit, visitWithTypeInfo } from "graphql";
import { expect, test } from "vitest";
import * as operations from "../../src/operations/index.ts";
import { keys } from "../../src/urql/index.ts";

const schema = buildSchema(readFileSync("../schema.graphql", "utf8"));
const documents = Object.entries(operations).filter(([name]) => name.endsWith("Document"));

test("the operations select every field of the schema", () => {
  const selected = new Set<string>();
  for (const [, document] of documents) {
    const types = new TypeInfo(schema);
    const enter = () => void selected.add(`${types.getParentType()?.name}.${types.getFieldDef()?.name}`);
    visit(document as DocumentNode, visitWithTypeInfo(types, { Field: { enter } }));
  }
  const missing = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith("__"))
    .flatMap((type) =>
      isObjectType(type) ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`) : [],
    )
    .filter((field) => !selected.has(field));
  expect(missing).toEqual([]);
});

test("graphcache's keys name every type without an id", () => {
  const roots = ["Query", "Mutation", "Subscription"];
  const embedded = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !("id" in type.getFields()) && !/^__|Payload$/.test(type.name))
    .map(({ name }) => name)
    .filter((name) => !roots.includes(name));
  expect(Object.keys(keys).sort()).toEqual([...embedded, "SyncEvent"].sort());
});

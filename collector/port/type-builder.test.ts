import { Type as TypeBox } from "typebox";
import { expect, test } from "vitest";
import { Type } from "./type-builder.ts";

type Builder = typeof Type;

const SHAPES: readonly [string, (type: Builder) => object][] = [
  ["a text", (type) => type.String()],
  ["a text with limits", (type) => type.String({ minLength: 1, pattern: "^a$", description: "An a.", default: "a" })],
  ["numbers", (type) => type.Union([type.Number({ minimum: 0 }), type.Integer({ maximum: 9 })])],
  ["yes or no, nothing, anything", (type) => type.Union([type.Boolean(), type.Null(), type.Unknown()])],
  ["one of some words", (type) => type.Enum(["up", "down"], { default: "up" })],
  ["a list", (type) => type.Array(type.String(), { minItems: 1 })],
  ["free names", (type) => type.Record(type.String(), type.Integer(), { maxProperties: 4 })],
  ["names of a form", (type) => type.Record(type.String({ pattern: "^[a-z]+$" }), type.String())],
  ["a schema of ours", (type) => type.Unsafe<number>({ type: "string", form: "duration" })],
  ["an object without keys", (type) => type.Object({})],
  ["an object with a name", (type) => type.Object({ a: type.String() }, { $id: "A", additionalProperties: false })],
  ["an object of which nothing is required", (type) => type.Object({ a: type.Optional(type.String()) })],
  [
    "an object in an object",
    (type) =>
      type.Object({
        must: type.Object({ deep: type.Optional(type.Array(type.Null())), there: type.Boolean() }),
        may: type.Optional(type.Unsafe<string>({ $ref: "Other#" })),
        also: type.Integer(),
      }),
  ],
];

test.each(SHAPES)("%s is the JSON Schema that TypeBox builds, to the letter", (_, build) => {
  expect(JSON.stringify(build(Type))).toBe(JSON.stringify(build(TypeBox)));
});

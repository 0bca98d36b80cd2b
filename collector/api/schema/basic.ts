import type { TSchema } from "typebox";
import { Type } from "../../port/type-builder.ts";

/** A named schema of the OpenAPI document, by reference. */
export const named = (name: string): TSchema => Type.Unsafe({ $ref: `${name}#` });

export const time = (description?: string) =>
  Type.String({ format: "date-time", ...(description === undefined ? {} : { description }) });

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** `{items, next}` of a named schema. */
export const listOf = (name: string): TSchema =>
  Type.Object({
    items: Type.Array(named(name)),
    next: nullable(Type.String({ description: "Give it as `cursor` for the next page; null on the last." })),
  });

/** An answer in an operation, with the refusals that every operation can give. */
export const answers = (status: number, schema: TSchema, description: string): Record<string, unknown> => ({
  [status]: { description, content: { "application/json": { schema } } },
  "4xx": { description: "Refused.", content: { "application/json": { schema: named("Refusal") } } },
  "5xx": { description: "Not now.", content: { "application/json": { schema: named("Refusal") } } },
});

export const REFUSAL = Type.Object(
  {
    code: Type.String({ description: "Stable, lower camel case." }),
    message: Type.String(),
    details: Type.Optional(Type.Unknown()),
  },
  { $id: "Refusal" },
);

/** A part of a query string; one that is repeated is an array to Fastify, and the handler says what it thinks of it. */
export const text = (description: string): TSchema =>
  Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())], { description }));

export const LIMIT = text("How many at most: 1 to 1000, default 100.");
export const CURSOR = text("`next` of the page before.");
export const PAGE = { limit: LIMIT, cursor: CURSOR };

/** Query strings are judged by hand, so that each mistake has its code; the schema only documents. */
export const query = (properties: Record<string, TSchema>): TSchema =>
  Type.Object(properties, { additionalProperties: true });

export const ID = Type.Object({ id: Type.String({ minLength: 1, maxLength: 1024 }) });

/** A sentence or two by a person. */
export const NOTE = Type.String({ maxLength: 10_000 });

import type { TSchema, Type as TypeBox } from "typebox";

type Used =
  | "Array"
  | "Boolean"
  | "Enum"
  | "Integer"
  | "Null"
  | "Number"
  | "Object"
  | "Optional"
  | "Record"
  | "String"
  | "Union"
  | "Unknown"
  | "Unsafe";

const OPTIONAL = "~optional";
const ANY_TEXT = "^.*$";

/**
 * What describes a shape once, as JSON Schema and as a static type: TypeBox's types and names over a few lines of ours. The
 * library builds the same objects (a test holds the two together) out of 370 files, which were a quarter of what a start
 * of the collector loads.
 */
export const Type: Pick<typeof TypeBox, Used> = {
  Array: (items: TSchema, options?: object) => schema({ type: "array", items, ...options }),
  Boolean: (options?: object) => schema({ type: "boolean", ...options }),
  Enum: (values: unknown, options?: object) => schema({ enum: values, ...options }),
  Integer: (options?: object) => schema({ type: "integer", ...options }),
  Null: (options?: object) => schema({ type: "null", ...options }),
  Number: (options?: object) => schema({ type: "number", ...options }),
  Object: (properties: Readonly<Record<string, object>>, options?: object) => {
    const required = Object.keys(properties).filter((key) => !Object.hasOwn(properties[key] ?? {}, OPTIONAL));
    return schema({ type: "object", ...(required.length > 0 && { required }), properties, ...options });
  },
  /** Its mark is not enumerable: it is for `Object`, and no part of the schema. */
  Optional: (type: object) => schema(Object.defineProperty({ ...type }, OPTIONAL, { value: true })),
  Record: (key: { pattern?: string }, values: TSchema, options?: object) =>
    schema({ type: "object", patternProperties: { [key.pattern ?? ANY_TEXT]: values }, ...options }),
  String: (options?: object) => schema({ type: "string", ...options }),
  Union: (anyOf: readonly TSchema[], options?: object) => schema({ anyOf, ...options }),
  Unknown: (options?: object) => schema({ ...options }),
  Unsafe: (type: object) => schema({ ...type }),
};

/** The static type is what `Pick` above says of the function that is called. */
function schema(json: object): never {
  return json as never;
}

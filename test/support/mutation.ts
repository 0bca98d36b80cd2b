import * as fc from "fast-check";

/** Values that JSON can hold and that adapters do not expect. The last ones do not survive `JSON.stringify` and are spliced in as text. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  "",
  " ",
  "\u0000",
  "\ud800",
  "__proto__",
  "x".repeat(5000),
  "2026-13-45T99:99:99Z",
  "9".repeat(400),
  [],
  {},
  [[]],
  [null],
  { a: null },
];
const ODD_TEXT: readonly string[] = [
  "1e999",
  `${"[".repeat(3000)}${"]".repeat(3000)}`,
  `${'{"a":'.repeat(3000)}1${"}".repeat(3000)}`,
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"a":1,"a":2}',
  "123456789012345678901234567890",
];
const HOLE = "\u0001hole\u0001";

function paths(value: unknown, prefix: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== "object" || value === null) return [prefix];
  const keys: (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [prefix, ...keys.flatMap((key) => paths((value as Record<string | number, unknown>)[key], [...prefix, key]))];
}

function changed(value: unknown, path: readonly (string | number)[], change: (old: unknown) => unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return change(value);
  if (Array.isArray(value)) return value.map((item, index) => (index === head ? changed(item, rest, change) : item));
  const copy: Record<string, unknown> = { ...(value as object) };
  const inner = changed(copy[head], rest, change);
  if (inner === undefined) delete copy[head];
  else copy[head] = inner;
  return copy;
}

/** JSON documents near a good one: a part replaced, removed or doubled by something odd, or bytes cut, flipped and inserted. */
export function mutatedJson(good: unknown): fc.Arbitrary<Buffer> {
  const places = fc.constantFrom(...paths(good));
  const replaced = fc
    .tuple(places, fc.oneof(fc.constantFrom(...ODD), fc.jsonValue({ maxDepth: 3 })))
    .map(([path, odd]) => JSON.stringify(changed(good, path, () => odd)) ?? "");
  const spliced = fc
    .tuple(places, fc.constantFrom(...ODD_TEXT))
    .map(([path, text]) => (JSON.stringify(changed(good, path, () => HOLE)) ?? "").replace(JSON.stringify(HOLE), text));
  const removed = places.map((path) => JSON.stringify(changed(good, path, () => undefined)) ?? "");
  const documents = fc.oneof(replaced, spliced, removed).map((text) => Buffer.from(text));
  return fc.oneof(documents, mutatedBytes(Buffer.from(JSON.stringify(good))));
}

/** Bytes near good ones: cut, flipped, inserted, repeated. */
export function mutatedBytes(good: Buffer): fc.Arbitrary<Buffer> {
  const place = fc.nat(Math.max(0, good.length - 1));
  return fc.oneof(
    place.map((end) => good.subarray(0, end)),
    fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 8 }).map((flips) => {
      const copy = Buffer.from(good);
      for (const [at, byte] of flips) copy[at] = byte;
      return copy;
    }),
    fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 64 })).map(([at, bytes]) => {
      return Buffer.concat([good.subarray(0, at), bytes, good.subarray(at)]);
    }),
    fc.tuple(place, place).map(([a, b]) => {
      return Buffer.concat([good.subarray(0, a), good.subarray(Math.min(a, b))]);
    }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
}

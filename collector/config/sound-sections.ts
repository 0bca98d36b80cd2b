import type { TSchema } from "typebox";
import { decode } from "./decoder.ts";
import { asMapping, type Decoding, FAILED } from "./decoding.ts";
import { type DataPath, type Problem, Problems } from "./document/problem.ts";
import { nearest } from "./document/suggest.ts";
import type { ConfigCode } from "./error-codes.ts";

/**
 * What the sections without a mistake say, and of others the keys without one; defaults for the rest: so that rules that span several keys can be told
 * with the first mistakes, not one round later. Nothing is reported here: it was when the whole was decoded.
 */
export function soundSections(
  schema: TSchema,
  value: unknown,
  { folder, readFile }: Decoding,
): { data: unknown; broken: ReadonlySet<string>; place: (path: DataPath) => DataPath } {
  const broken = new Set<string>();
  const shortened: ShortenedList[] = [];
  const sound: Record<string, unknown> = {};
  const quiet = (sections: Record<string, unknown>): unknown =>
    decode(schema, sections, [], { problems: new Problems(), folder, readFile });
  const isSound = (key: string, section: unknown): boolean => quiet({ [key]: section }) !== FAILED;
  for (const [key, section] of asMapping(value) ?? []) {
    if (isSound(key, section)) {
      sound[key] = section;
      continue;
    }
    broken.add(key);
    const soundItems = (list: readonly unknown[], path: string[], around: (items: unknown[]) => unknown): unknown[] => {
      const indexes = list.flatMap((item, index) => (isSound(key, around([item])) ? [index] : []));
      shortened.push({ path, indexes });
      return indexes.map((index) => list[index]);
    };
    if (Array.isArray(section)) {
      const items = soundItems(section, [key], (each) => each);
      if (isSound(key, items)) sound[key] = items;
      continue;
    }
    const parts: Record<string, unknown> = {};
    for (const [name, part] of asMapping(section) ?? []) {
      const around = (some: unknown): unknown => ({ ...parts, [name]: some });
      const kept = Array.isArray(part) && !isSound(key, around(part)) ? soundItems(part, [key, name], around) : part;
      if (isSound(key, around(kept))) parts[name] = kept;
    }
    if (isSound(key, parts)) sound[key] = parts;
  }
  return { data: quiet(sound), broken, place: (path) => placeIn(shortened, path) };
}

/** A list that some entries were left out of. */
interface ShortenedList {
  path: readonly string[];
  /** Where those that stayed stand in the whole list. */
  indexes: readonly number[];
}

/** Where in the whole of the configuration is what stands at `path` of its sound part. */
function placeIn(shortened: readonly ShortenedList[], path: DataPath): DataPath {
  const list = shortened.find((each) => each.path.every((key, depth) => path[depth] === key));
  const at = list?.path.length ?? 0;
  const index = path[at];
  if (list === undefined || typeof index !== "number") return path;
  return path.with(at, list.indexes[index] ?? index);
}

/** Errors that compare sections: of one that could not be read, or whose name is misspelt, they would say what is not true. */
const COMPARED: Readonly<Partial<Record<ConfigCode, readonly string[]>>> = {
  CONFIG_OPEN_LISTEN: ["auth", "listen"],
  CONFIG_UNKNOWN_RECEIVER: ["receivers"],
  CONFIG_UNKNOWN_TIME_INTERVAL: ["timeIntervals"],
};

/**
 * Whether a problem is worth telling although these sections could not be read: warnings can wait for the next round.
 *
 * @param known the sections that there are: one that is misspelt counts as the one that was meant.
 */
export function holdsWithout(
  { code, severity }: Problem,
  broken: ReadonlySet<string>,
  known: readonly string[],
): boolean {
  if (severity === "warning") return false;
  const compared = COMPARED[code as ConfigCode] ?? [];
  return ![...broken].some((section) =>
    known.includes(section)
      ? compared.includes(section) && !IN_PART.has(code)
      : compared.includes(nearest(section, known) ?? ""),
  );
}

/** These are told of the parts that could be read, too. */
const IN_PART = new Set<string>(["CONFIG_UNKNOWN_RECEIVER"]);

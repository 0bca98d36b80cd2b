import { Random } from "../generate/random.ts";
import { delayed } from "./delays.ts";
import { type EventLine, type Material, readLines } from "./material.ts";
import { renamed } from "./names.ts";

const SHIFT_MS = (13 * 60 + 37) * 60_000 + 11_000;
const ISO = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** What can be changed in a scenario without changing what happened in it; each gives one or more variants by name. */
export const PERMUTATIONS: Readonly<Record<string, Record<string, (material: Material, random: Random) => Material>>> =
  {
    names: { names: renamed },
    time: { "time of day": shifted },
    order: { "order in a second": shuffled },
    severities: { "severity words": reworded },
    delays: {
      "delays x 0.7": (material) => delayed(material, 0.7),
      "delays x 1.5": (material) => delayed(material, 1.5),
    },
  };

/** The names of the variants of these kinds, by commas; "all" for every one. */
export function variantsOf(kinds: string): string[] {
  const wanted = kinds === "all" ? Object.keys(PERMUTATIONS) : kinds.split(",");
  return wanted.flatMap((kind) => {
    const variants = PERMUTATIONS[kind];
    if (variants === undefined) throw new Error(`no permutation is called "${kind}"`);
    return Object.keys(variants);
  });
}

/** One variant of a scenario: the same for the same seed. */
export function permuted(material: Material, variant: string, seed: string): Material {
  const change = Object.values(PERMUTATIONS).find((variants) => variant in variants)?.[variant];
  if (change === undefined) throw new Error(`no variant is called "${variant}"`);
  return change(material, new Random(`${seed} ${variant}`));
}

/** Another time of day, another day. */
function shifted({ cmdb, lines, truth }: Material): Material {
  const shift = (text: string): string =>
    text.replaceAll(ISO, (found) => new Date(Date.parse(found) + SHIFT_MS).toISOString());
  return { cmdb: shift(cmdb), lines: lines.map(shift), truth: shift(truth) };
}

/** What arrives within one second arrives at once, in any order; each alert keeps its own. */
function shuffled(material: Material, random: Random): Material {
  const seconds = new Map<string, EventLine[]>();
  for (const line of readLines(material.lines)) {
    const second = `${line.receivedAt.slice(0, 19)}.000Z`;
    seconds.set(second, [...(seconds.get(second) ?? []), { ...line, receivedAt: second }]);
  }
  const key = ({ ci, source, check, instance }: EventLine): string => [ci, source, check, instance ?? ""].join(" ");
  const lines = [...seconds.values()].flatMap((list) => {
    const order = random.some(list, list.length);
    return order.map((line) => {
      const mine = list.filter((other) => key(other) === key(line));
      return mine[order.filter((other) => key(other) === key(line)).indexOf(line)] ?? line;
    });
  });
  return { ...material, lines: lines.map((line) => JSON.stringify(line)) };
}

/** Each source has its own words for what has failed (critical, major) and for what is mild (minor, warning). */
function reworded(material: Material, random: Random): Material {
  const words = new Map<string, Record<string, string>>();
  const lines = readLines(material.lines).map((line) => {
    const found = words.get(line.source) ?? {
      ...(random.chance(0.5) ? { major: "critical" } : { critical: "major" }),
      ...(random.chance(0.5) ? { minor: "warning" } : { warning: "minor" }),
    };
    words.set(line.source, found);
    return JSON.stringify({ ...line, severity: found[line.severity] ?? line.severity });
  });
  return { ...material, lines };
}

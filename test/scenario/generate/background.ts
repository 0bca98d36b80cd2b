import type { Random } from "./random.ts";
import type { Watcher } from "./watch.ts";

/** How much goes on that is nobody's fault. */
export interface Noise {
  /** Passing conditions an hour for each hundred checks. */
  blips: number;
  chronic: number;
  flapping: number;
}

/** A passing condition stays for so long, at least and at most, mostly briefly. */
const PASSES_S = [25, 700] as const;
/** One that looks serious is looked into, or heals, sooner. */
const SERIOUS_PASSES_S = [30, 200] as const;
const SERIOUS: ReadonlySet<string> = new Set(["critical", "major"]);
/** How many of the passing conditions that would be critical, or major, at their mildest are kept. */
const KEPT: Record<string, number> = { critical: 0.04, major: 0.3 };
/** A probe of a whole business service rarely calls it serious for nothing. */
const KEPT_SERVICE = 0.05;

/** Lets some checks see what is not there; gives a label for each cause, by index from `from` on. */
export function disturb(
  watchers: readonly Watcher[],
  noise: Noise,
  { random, endS, from }: { random: Random; endS: number; from: number },
): string[] {
  const labels: string[] = [];
  const label = (text: string): number => {
    labels.push(text);
    return from + labels.length - 1;
  };
  const quiet = watchers.filter(({ kind }) => kind.tool !== "collector");
  if (quiet.length === 0) return labels;
  const blips = Math.round(((noise.blips * quiet.length) / 100) * (endS / 3600));
  for (let index = 0; index < blips; index += 1) {
    const watcher = pickMild(quiet, random);
    const at = random.between(0, endS - 600);
    const { everyS, confirm, steps } = watcher.kind;
    const level = levelOf(watcher, random.chance(0.12));
    const isSerious = SERIOUS.has(steps.findLast(([from]) => level >= from)?.[1] ?? "");
    const [least, most] = isSerious ? SERIOUS_PASSES_S : PASSES_S;
    const lasts = everyS * confirm + least * (most / least) ** random.next();
    watcher.injected.push({ from: at, to: at + lasts, level, cause: label(`noise:n${index + 1}`) });
  }
  const lasting = new Set(Array.from({ length: noise.chronic }, () => pickMild(quiet, random)));
  [...lasting].forEach((watcher, index) => {
    const level = levelOf(watcher, random.chance(0.2));
    watcher.injected.push({ from: 0, to: endS * 2, level, cause: label(`chronic:c${index + 1}`) });
    watcher.since = random.chance(0.85) ? -86_400 * random.between(0.5, 60) : null;
  });
  const quick = quiet.filter(({ kind }) => kind.everyS * kind.confirm <= 90);
  const flappers = new Set(
    quick.length === 0 ? [] : Array.from({ length: noise.flapping }, () => pickMild(quick, random)),
  );
  [...flappers].forEach((watcher, index) => {
    const cause = label(`flapping:p${index + 1}`);
    const level = levelOf(watcher, random.chance(0.15));
    const bad = watcher.kind.everyS * (watcher.kind.confirm + 1);
    for (let at = random.between(0, 1800); at < endS; ) {
      const lasts = bad + random.between(20, 150);
      watcher.injected.push({ from: at, to: at + lasts, level, cause });
      at += lasts + watcher.kind.everyS * 2 + random.between(30, 240);
    }
  });
  return labels;
}

/** Mild conditions come and go; that something is seen dead and is not, is rarer. */
function pickMild(watchers: readonly Watcher[], random: Random): Watcher {
  for (;;) {
    const watcher = random.pick(watchers);
    const mildest = watcher.kind.steps[0]?.[1] ?? "";
    const kept = KEPT[mildest] ?? 1;
    const isService = SERIOUS.has(mildest) && watcher.kind.types.includes("businessService");
    if (random.chance(isService ? KEPT_SERVICE : kept)) return watcher;
  }
}

function levelOf({ kind }: Watcher, isWorst: boolean): number {
  const first = kind.steps[0]?.[0] ?? 0.5;
  const last = kind.steps.at(-1)?.[0] ?? first;
  return isWorst ? Math.min(1, last + 0.02) : Math.min(1, first + 0.02);
}

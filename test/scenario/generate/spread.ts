import { ASPECTS, type Aspect, type Impairment } from "./fault.ts";
import { MACHINES, type TrueRelation, type World } from "./world.ts";

/** How often the world's state is worked out. */
export const STEP_S = 10;

/** What one aspect of one CI was at each step, and who is to blame; −1 nobody. */
export interface Course {
  levels: Float32Array;
  blame: Int16Array;
}

/** What happened, as nobody in the world sees it whole. */
export interface History {
  steps: number;
  of(ci: number, aspect: Aspect): Course | undefined;
}

export interface Cause {
  index: number;
  impairments: readonly Impairment[];
}

/** How fast trouble settles in along each kind of need, in seconds; and passes off. */
const LAG_S: Record<string, number> = {
  dependsOn: 25,
  uses: 45,
  storesOn: 60,
  runsOn: 20,
  hasMember: 20,
  connectsTo: 15,
};
const FORGOTTEN = 0.03;
/** A pool notices after this long that a member is out, and sends it nothing more. */
const USAGE = 0.45;

/** The state of every CI by and by: what the faults do, and what follows from it in the true world. */
export function spread(world: World, causes: readonly Cause[], durationS: number): History {
  return new Spreading(world, causes, Math.ceil(durationS / STEP_S)).run();
}

class Spreading {
  private readonly world: World;
  private readonly causes: readonly Cause[];
  private readonly steps: number;
  private readonly needs: TrueRelation[][];
  private readonly neededBy: TrueRelation[][];
  private readonly courses = new Map<number, Course>();
  private readonly level = new Map<Aspect, Float32Array>();
  private readonly blame = new Map<Aspect, Int16Array>();
  private touched = new Set<number>();

  constructor(world: World, causes: readonly Cause[], steps: number) {
    this.world = world;
    this.causes = causes;
    this.steps = steps;
    this.needs = world.cis.map(() => []);
    this.neededBy = world.cis.map(() => []);
    for (const relation of world.relations) {
      this.needs[relation.from]?.push(relation);
      this.neededBy[relation.to]?.push(relation);
    }
    for (const aspect of ASPECTS) {
      this.level.set(aspect, new Float32Array(world.cis.length));
      this.blame.set(aspect, new Int16Array(world.cis.length).fill(-1));
    }
  }

  run(): History {
    for (let step = 0; step < this.steps; step += 1) {
      const at = step * STEP_S;
      const active = this.causes.flatMap(({ index, impairments }) =>
        impairments.filter(({ from, to }) => at >= from && at < to).map((impairment) => ({ index, impairment })),
      );
      if (active.length === 0 && this.touched.size === 0) continue;
      this.step(active, at);
      this.keep(step);
    }
    const { courses, steps } = this;
    const of = (ci: number, aspect: Aspect): Course | undefined =>
      courses.get(ci * ASPECTS.length + ASPECTS.indexOf(aspect));
    return { steps, of };
  }

  private get(aspect: Aspect, ci: number): number {
    return this.level.get(aspect)?.[ci] ?? 0;
  }

  private blamed(aspect: Aspect, ci: number): number {
    return this.blame.get(aspect)?.[ci] ?? -1;
  }

  private set(aspect: Aspect, ci: number, level: number, blame: number): void {
    const levels = this.level.get(aspect);
    const blames = this.blame.get(aspect);
    if (levels === undefined || blames === undefined) return;
    levels[ci] = level;
    blames[ci] = level > 0 ? blame : -1;
    if (level > 0) this.touched.add(ci);
  }

  private raise(aspect: Aspect, ci: number, level: number, blame: number): void {
    if (level > this.get(aspect, ci)) this.set(aspect, ci, level, blame);
  }

  private step(active: readonly { index: number; impairment: Impairment }[], at: number): void {
    const before = {
      errors: this.level.get("errors")?.slice() ?? new Float32Array(0),
      slow: this.level.get("slow")?.slice() ?? new Float32Array(0),
      backlog: this.level.get("backlog")?.slice() ?? new Float32Array(0),
    };
    const blameBefore = {
      errors: this.blame.get("errors")?.slice() ?? new Int16Array(0),
      slow: this.blame.get("slow")?.slice() ?? new Int16Array(0),
      backlog: this.blame.get("backlog")?.slice() ?? new Int16Array(0),
    };
    for (const aspect of ASPECTS) {
      this.level.get(aspect)?.fill(0);
      this.blame.get(aspect)?.fill(-1);
    }
    for (const { index, impairment } of active) {
      const { ci, aspect, from, rampS, beat } = impairment;
      if (beat !== undefined && (at - from) % (beat[0] + beat[1]) >= beat[0]) continue;
      const grown = rampS === 0 ? 1 : Math.min(1, (at - from) / rampS);
      this.raise(aspect, ci, impairment.level * grown, index);
    }
    this.die();
    this.cutOff();
    this.ports();
    this.feel(before, blameBefore);
  }

  /** Without power or a machine under it nothing runs. */
  private die(): void {
    const queue: number[] = [];
    this.world.cis.forEach((_, ci) => {
      if (this.get("power", ci) > 0.5) this.raise("dead", ci, 1, this.blamed("power", ci));
      if (this.get("dead", ci) > 0.5) queue.push(ci);
    });
    for (let at = 0; at < queue.length; at += 1) {
      const ci = queue[at] ?? 0;
      for (const { from, type } of this.neededBy[ci] ?? []) {
        if (this.get("dead", from) > 0.5 || !this.kills(ci, from, type)) continue;
        this.raise("dead", from, 1, this.blamed("dead", ci));
        queue.push(from);
      }
    }
  }

  private kills(ci: number, from: number, type: string): boolean {
    if (type === "runsOn" || type === "hostedOn") return true;
    const what = this.world.cis[ci]?.type ?? "";
    if (type === "containedIn") return what === "rack" || what === "site" || what === "room";
    // Power: a rack with two feeds lives as long as one of them does.
    const isPower = what === "pdu" || what === "ups";
    if (type !== "dependsOn" || !isPower) return false;
    const feeds = (this.needs[from] ?? []).filter(
      (need) => need.type === "dependsOn" && POWER.has(this.world.cis[need.to]?.type ?? ""),
    );
    return feeds.every((feed) => this.get("dead", feed.to) > 0.5);
  }

  /** Who has no living way to where we look from. */
  private cutOff(): void {
    const { world } = this;
    const reached = new Uint8Array(world.cis.length);
    const queue = world.vantage.filter((ci) => this.get("dead", ci) < 0.5);
    for (const ci of queue) reached[ci] = 1;
    for (let at = 0; at < queue.length; at += 1) {
      for (const { from, type } of this.neededBy[queue[at] ?? 0] ?? []) {
        if (type !== "connectsTo" || reached[from] === 1 || this.get("dead", from) > 0.5) continue;
        reached[from] = 1;
        queue.push(from);
      }
    }
    const isWired = (ci: number): boolean => (this.needs[ci] ?? []).some(({ type }) => type === "connectsTo");
    const down: number[] = [];
    world.cis.forEach((_, ci) => {
      if (reached[ci] === 1 || !isWired(ci) || this.get("dead", ci) > 0.5) return;
      this.raise("cut", ci, 1, this.blockedBy(ci));
      down.push(ci);
    });
    for (let at = 0; at < down.length; at += 1) {
      for (const { from, type } of this.neededBy[down[at] ?? 0] ?? []) {
        if (type !== "runsOn" || this.get("cut", from) > 0.5 || this.get("dead", from) > 0.5) continue;
        this.raise("cut", from, 1, this.blamed("cut", down[at] ?? 0));
        down.push(from);
      }
    }
  }

  /** The first dead thing on the way out. */
  private blockedBy(start: number): number {
    const queue = [start];
    const seen = new Set(queue);
    for (let at = 0; at < queue.length; at += 1) {
      for (const { to, type } of this.needs[queue[at] ?? 0] ?? []) {
        if (type !== "connectsTo" || seen.has(to)) continue;
        if (this.get("dead", to) > 0.5) return this.blamed("dead", to);
        seen.add(to);
        queue.push(to);
      }
    }
    return -1;
  }

  /** Both ends of a line see that the other end is dead. */
  private ports(): void {
    for (const { from, to, type } of this.world.relations) {
      if (type !== "connectsTo") continue;
      for (const [one, other] of [
        [from, to],
        [to, from],
      ] as const) {
        if (this.get("dead", other) > 0.5 && this.get("dead", one) < 0.5)
          this.raise("port", one, 1, this.blamed("dead", other));
      }
    }
  }

  /** Errors, slowness and backlog move towards what those that are needed make of them. */
  private feel(before: Record<Soft, Float32Array>, blameBefore: Record<Soft, Int16Array>): void {
    const candidates = this.reachable(before);
    for (const ci of candidates) {
      const wanted = this.target(ci, before, blameBefore);
      for (const aspect of ["errors", "slow", "backlog"] as const) {
        const [level, blame, lagS] = wanted[aspect];
        const was = before[aspect][ci] ?? 0;
        const own = this.get(aspect, ci);
        if (own >= level && own >= was) continue;
        const next = was + (level - was) * (1 - Math.exp(-STEP_S / lagS));
        if (next > own && (next > FORGOTTEN || level > was))
          this.set(aspect, ci, next, blame >= 0 && level >= FORGOTTEN ? blame : (blameBefore[aspect][ci] ?? -1));
      }
    }
  }

  /** Whoever is touched, or needs somebody who is. */
  private reachable(before: Record<Soft, Float32Array>): Set<number> {
    const found = new Set<number>();
    const take = (ci: number): void => {
      found.add(ci);
      for (const { from } of this.neededBy[ci] ?? []) found.add(from);
      for (const { to, takesFrom } of this.needs[ci] ?? []) if (takesFrom) found.add(to);
    };
    for (const ci of this.touched) take(ci);
    this.world.cis.forEach((_, ci) => {
      if ((before.errors[ci] ?? 0) > 0 || (before.slow[ci] ?? 0) > 0 || (before.backlog[ci] ?? 0) > 0) take(ci);
    });
    return found;
  }

  private target(
    ci: number,
    before: Record<Soft, Float32Array>,
    blame: Record<Soft, Int16Array>,
  ): Record<Soft, [level: number, blame: number, lagS: number]> {
    const best: Record<Soft, [number, number, number]> = {
      errors: [this.get("errors", ci), this.blamed("errors", ci), 20],
      slow: [this.get("slow", ci), this.blamed("slow", ci), 20],
      backlog: [this.get("backlog", ci), this.blamed("backlog", ci), 120],
    };
    const better = (aspect: Soft, level: number, by: number, lagS: number): void => {
      if (level > best[aspect][0]) best[aspect] = [level, by, lagS];
    };
    const load = this.get("load", ci);
    if (load > 0.75) better("slow", (load - 0.6) * 2, this.blamed("load", ci), 40);
    if (this.get("full", ci) > 0.97) better("errors", 0.8, this.blamed("full", ci), 40);
    if (this.get("certificate", ci) > 0.95) better("errors", 0.85, this.blamed("certificate", ci), 20);
    this.pool(ci, { before, blame }, better);
    for (const need of this.needs[ci] ?? []) {
      if (need.type === "hasMember") continue;
      const lag = LAG_S[need.type] ?? 30;
      const isOut = this.get("dead", need.to) > 0.5 || (this.get("cut", need.to) > 0.5 && this.get("cut", ci) < 0.5);
      if (need.type === "connectsTo") {
        if (this.get("lossy", need.to) > 0)
          better("slow", this.get("lossy", need.to) * need.strength, this.blamed("lossy", need.to), lag);
        continue;
      }
      if (need.type === "containedIn") continue;
      if (need.takesFrom) {
        continue;
      }
      if (isOut) {
        const by = this.get("dead", need.to) > 0.5 ? this.blamed("dead", need.to) : this.blamed("cut", need.to);
        const isCache = this.world.cis[need.to]?.type === "cache";
        if (need.type === "dependsOn" || need.type === "storesOn") better("errors", 0.9 * need.strength, by, lag);
        else better("errors", 0.5 * need.strength, by, lag);
        better("slow", (isCache ? 0.9 : 0.7) * need.strength, by, lag);
        continue;
      }
      better("errors", (before.errors[need.to] ?? 0) * need.strength * 0.92, blame.errors[need.to] ?? -1, lag);
      better("slow", (before.slow[need.to] ?? 0) * need.strength * 0.92, blame.slow[need.to] ?? -1, lag);
      if (need.type === "runsOn" && this.get("load", need.to) > 0.75)
        better("slow", (this.get("load", need.to) - 0.5) * need.strength, this.blamed("load", need.to), lag);
    }
    for (const { from, takesFrom } of this.neededBy[ci] ?? []) {
      if (!takesFrom) continue;
      const stopped = Math.max(this.get("dead", from), this.get("cut", from));
      if (stopped > 0.5)
        better("backlog", 1, this.get("dead", from) > 0.5 ? this.blamed("dead", from) : this.blamed("cut", from), 400);
      else {
        better("backlog", (before.slow[from] ?? 0) * 0.8, blame.slow[from] ?? -1, 500);
        better("backlog", before.errors[from] ?? 0, blame.errors[from] ?? -1, 500);
      }
    }
    return best;
  }

  private pool(
    ci: number,
    { before, blame }: { before: Record<Soft, Float32Array>; blame: Record<Soft, Int16Array> },
    better: (aspect: Soft, level: number, by: number, lagS: number) => void,
  ): void {
    const members = (this.needs[ci] ?? []).filter(({ type }) => type === "hasMember").map(({ to }) => to);
    if (members.length === 0) return;
    const isOut = (one: number): boolean => this.get("dead", one) > 0.5 || this.get("cut", one) > 0.5;
    const out = members.filter(isOut);
    const bad = [...members].sort((a, b) => (before.errors[b] ?? 0) - (before.errors[a] ?? 0));
    const late = [...members].sort((a, b) => (before.slow[b] ?? 0) - (before.slow[a] ?? 0));
    const byOut = out.map((one) => (this.get("dead", one) > 0.5 ? this.blamed("dead", one) : this.blamed("cut", one)));
    const guilty = byOut[0] ?? -1;
    if (out.length > 0) this.raise("member", ci, out.length / members.length, guilty);
    const least = this.world.cis[ci]?.minHealthy ?? 1;
    const healthy = members.length - out.length;
    if (healthy < least) {
      better("errors", 1, guilty, 20);
      return;
    }
    const share = (one: number, list: Float32Array): number => (isOut(one) ? 0 : (list[one] ?? 0));
    const sum = (list: Float32Array): number => members.reduce((all, one) => all + share(one, list), 0) / healthy;
    const worst = (list: readonly number[]): number => list[0] ?? -1;
    better("errors", sum(before.errors), blame.errors[worst(bad)] ?? -1, 20);
    better("slow", sum(before.slow), blame.slow[worst(late)] ?? -1, 20);
    // The rest carry the work of those that are out.
    const load = (USAGE * members.length) / healthy;
    if (load > 0.8 && out.length > 0)
      for (const one of members) if (!isOut(one)) this.raise("load", one, Math.min(1, load), guilty);
  }

  private keep(step: number): void {
    const still = new Set<number>();
    for (const ci of this.touched) {
      ASPECTS.forEach((aspect, index) => {
        const level = this.get(aspect, ci);
        if (level <= FORGOTTEN) return;
        still.add(ci);
        const key = ci * ASPECTS.length + index;
        let course = this.courses.get(key);
        if (course === undefined) {
          course = { levels: new Float32Array(this.steps), blame: new Int16Array(this.steps).fill(-1) };
          this.courses.set(key, course);
        }
        course.levels[step] = level;
        course.blame[step] = this.blamed(aspect, ci);
      });
    }
    this.touched = still;
  }
}

type Soft = "errors" | "slow" | "backlog";
const POWER: ReadonlySet<string> = new Set(["pdu", "ups"]);

/** Whether a machine answers nobody. */
export function isMachine(type: string): boolean {
  return MACHINES.has(type);
}

import type { Effects, EffectsOf, Watched } from "./effects.ts";
import { Places } from "./places.ts";
import type { Topology } from "./topology.ts";

/** How likely a CI of this type sends an alert of its own within some minutes when it fails; 0.4 for types unknown. */
const SEEN: Readonly<Record<string, number>> = {
  host: 0.7,
  vm: 0.75,
  hypervisor: 0.75,
  switch: 0.7,
  router: 0.7,
  firewall: 0.7,
  application: 0.65,
  database: 0.7,
  service: 0.55,
  container: 0.6,
  storage: 0.5,
  dns: 0.5,
  cache: 0.35,
  queue: 0.35,
  cluster: 0.4,
  businessService: 0.4,
  printer: 0.3,
  phone: 0.3,
  camera: 0.3,
  rack: 0.15,
  site: 0.05,
  wanLink: 0.3,
  certificate: 0.2,
};
const SEEN_OTHERWISE = 0.4;
/** Machines bear slow storage or a bad line long before they complain of it. */
const PATIENT: ReadonlySet<string> = new Set(["host", "vm", "hypervisor", "switch", "router"]);
/** A dependent that is seen less often than this says nothing by being quiet. */
const SEEN_MIN = 0.02;
/** What is seen more often than this is expected. */
const EXPECTED_MIN = 0.1;
/** Who fails at least so often would certainly be dead with it. */
const CERTAIN_MIN = 0.75;

/** What one number says of a dependent, so that who asks for it fetches one: the index of its level, and two marks. */
export const LEVEL = 0x3fff;
export const IS_EXPECTED = 0x4000;
export const IS_CERTAIN = 0x8000;

/** A power of two. */
const KEPT = 4096;

/** The effects of each fault that somebody would notice. Made once for each list of effects and kept with it; cost: its length. */
export class WatchedOf {
  private readonly topology: Topology;
  private readonly effects: EffectsOf;
  /** What was asked for last of the faults that share a slot: to find the effects first takes several fetches more. */
  private readonly kept: (Watched | undefined)[] = Array.from({ length: KEPT });
  /** Whose that is. */
  private readonly faults = new Int32Array(KEPT).fill(-1);
  private version = 0;

  constructor(topology: Topology, effects: EffectsOf) {
    this.topology = topology;
    this.effects = effects;
  }

  of(ci: number, dead: boolean): Watched {
    if (this.version !== this.topology.version) this.forget();
    const fault = ci * 2 + (dead ? 1 : 0);
    const slot = fault & (KEPT - 1);
    const known = this.faults[slot] === fault ? this.kept[slot] : undefined;
    if (known !== undefined) return known;
    const effects = this.effects.of(ci, dead);
    effects.watched ??= watch(effects, this.topology, dead);
    this.kept[slot] = effects.watched;
    this.faults[slot] = fault;
    return effects.watched;
  }

  private forget(): void {
    this.kept.fill(undefined);
    this.faults.fill(-1);
    this.version = this.topology.version;
  }
}

function watch({ cis, chances, direct }: Effects, topology: Topology, dead: boolean): Watched {
  const kept = new Int32Array(cis.length);
  const level = new Uint16Array(cis.length);
  const levels = new Map<number, number>();
  const counts: number[] = [];
  let size = 0;
  let expected = 0;
  let due = 0;
  let last = Number.NaN;
  let at = 0;
  for (let index = 0; index < cis.length; index += 1) {
    const seen = (chances[index] ?? 0) * visibility(topology, cis[index] ?? 0, dead);
    if (seen < SEEN_MIN) continue;
    const isExpected = index < direct && seen >= EXPECTED_MIN;
    if (isExpected) expected += 1;
    due += seen;
    // Who stands next to each other in the list is mostly alike.
    if (seen !== last) {
      at = levels.get(seen) ?? levels.size;
      levels.set(seen, at);
      last = seen;
    }
    kept[size] = index;
    const isCertain = (chances[index] ?? 0) >= CERTAIN_MIN;
    level[size] = at + (isExpected ? IS_EXPECTED : 0) + (isCertain ? IS_CERTAIN : 0);
    counts[at] = (counts[at] ?? 0) + 1;
    size += 1;
  }
  const watched = new Int32Array(size);
  for (let place = 0; place < size; place += 1) watched[place] = cis[kept[place] ?? 0] ?? 0;
  return {
    cis: watched,
    places: new Places(watched),
    level: level.slice(0, size),
    levels: Float64Array.from([...levels.keys()].flatMap((seen, step) => [seen, counts[step] ?? 0])),
    due,
    most: levels.size === 0 ? 0 : Math.max(...levels.keys()),
    expected,
  };
}

function visibility(topology: Topology, index: number, dead: boolean): number {
  const ci = topology.ci(index);
  const seen = (SEEN[ci.type] ?? SEEN_OTHERWISE) * (!dead && PATIENT.has(ci.type) ? 0.55 : 1);
  // What matters to nobody is rarely watched closely.
  return ci.criticality !== null && ci.criticality >= 4 ? seen * 0.15 : seen;
}

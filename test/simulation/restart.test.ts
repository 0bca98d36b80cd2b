import { describe, expect, test } from "vitest";
import { readCmdb } from "../../collector/cmdb/read.ts";
import { createCorrelator } from "../../collector/core/correlate/correlator.ts";
import type { CmdbDocument } from "../../collector/core/model/ci.ts";
import type { Event } from "../../collector/core/model/event.ts";
import type { Input } from "../../collector/core/model/input.ts";
import { createRootRanker } from "../../collector/core/root-cause/ranker.ts";
import type { CoreState } from "../../collector/core/state.ts";
import { nextWakeAt, step } from "../../collector/core/step.ts";
import { readReplayLine } from "../../collector/runtime/replay-line.ts";
import { recipesOf } from "../scenario/generate/recipes.ts";
import { generate } from "../scenario/generate/scenario.ts";
import { cmdbOf, eventAt, ONE_ROUTE, seconds } from "../support/core-driver.ts";
import { type CoreWorld, freshCore, Kept } from "../support/core-simulation.ts";

const create = () => createCorrelator(createRootRanker());

/** Two cores side by side, one of which crashes after every `every`-th input and is restored from what was committed. */
class Twins {
  readonly live: CoreState;
  private crashing: CoreState;
  private readonly kept: Kept;
  private readonly every: number;
  private inputs = 0;

  constructor(world: CoreWorld, every: number) {
    this.kept = new Kept(create, world);
    this.live = freshCore(create, world);
    this.crashing = freshCore(create, world);
    this.every = every;
  }

  take(input: Input): void {
    const expected = step(this.live, structuredClone(input)).map((effect) => JSON.stringify(effect));
    const said = step(this.crashing, input);
    // One by one: a difference is told in a line rather than in a screenful.
    said.forEach((effect, index) => {
      const text = JSON.stringify(effect);
      if (text !== expected[index]) expect(`${this.inputs}: ${text}`).toBe(`${this.inputs}: ${expected[index]}`);
    });
    expect(said.length).toBe(expected.length);
    this.kept.commit(input, said, this.crashing);
    this.inputs += 1;
    if (this.inputs % this.every === 0) this.crashing = this.kept.restore();
  }

  runTo(at: number): void {
    for (let wake = nextWakeAt(this.live); wake !== null && wake <= at; wake = nextWakeAt(this.live))
      this.take({ kind: "tick", at: Math.max(this.live.at, wake) });
  }
}

function worldOf(name: string): { cmdb: CmdbDocument; events: { at: number; event: Event }[] } {
  const recipe = recipesOf("dev").find((other) => other.name === name);
  if (recipe === undefined) throw new Error(`no recipe is called ${name}`);
  const { cmdb, lines } = generate(recipe);
  const read = readCmdb(JSON.stringify(cmdb), "cmdb.json", { sizeMaxBytes: 1e8, source: "cmdb", observedAt: null });
  if (read.status === "broken") throw new Error(`the CMDB of ${name} is broken`);
  const events = lines.flatMap((text) => {
    const line = readReplayLine(text);
    return line.type === "event" ? [{ at: line.receivedAt, event: line.event }] : [];
  });
  return { cmdb: read.document, events };
}

/** So many hosts on some hypervisors behind one switch, in pools. */
const HOSTS = 120;
const FARM = cmdbOf([
  ...Array.from({ length: 6 }, (_, hv) => `hv-${hv} connectsTo sw-1`),
  ...Array.from({ length: HOSTS }, (_, host) => `host-${host} runsOn hv-${host % 6}`),
  ...Array.from({ length: HOSTS }, (_, host) => `pool-${host % 10} hasMember host-${host}`),
]);

describe("a core that crashes now and then says byte for byte what one says that lives on", () => {
  test.for([
    ["company-25-single", 1, 200],
    ["company-45-dirty", 5, 300],
    ["mesh-70-clean", 3, 300],
  ] as const)("in the generated world %s, at every input of so many: %i", ([name, every, length]) => {
    const { cmdb, events } = worldOf(name);
    const twins = new Twins({ cmdb, settings: ONE_ROUTE, membersKept: 1000 }, every);
    for (const { at, event } of events.slice(0, length)) {
      twins.runTo(at);
      twins.take({ kind: "event", at: Math.max(at, twins.live.at), event });
    }
    twins.runTo(twins.live.at + seconds(600));
    expect(twins.live.alerts.size).toBeGreaterThan(0);
  });

  test.for([
    ["everything behind one switch", FARM, "host", 2, 3],
    ["more strangers than one solve looks at", cmdbOf([]), "stranger", 4, 5],
    ["more strangers than one round looks at", cmdbOf([]), "stranger", 14, 83],
  ] as const)("in a storm: %s", ([, cmdb, name, checks, every]) => {
    const twins = new Twins({ cmdb, settings: ONE_ROUTE, membersKept: 50 }, every);
    const tell = (at: number, host: number, check: number, status: Event["status"]): void => {
      twins.runTo(at);
      const fields = { ci: `${name}-${host}`, check: `check_${check}`, status, severity: "critical" as const };
      const event = eventAt(at, { ...fields, summary: "no answer: host unreachable" });
      twins.take({ kind: "event", at: Math.max(at, twins.live.at), event });
    };
    for (let check = 0; check < checks; check += 1)
      for (let host = 0; host < HOSTS; host += 1) tell(seconds(1) + check * 200 + host, host, check, "firing");
    twins.runTo(seconds(130));
    for (let host = 0; host < HOSTS; host += 1) tell(seconds(140) + 40 * host, host, 0, "resolved");
    for (let host = 0; host < HOSTS; host += 3) tell(seconds(200) + 40 * host, host, 0, "firing");
    twins.runTo(seconds(500));
    expect(twins.live.incidents.size).toBeGreaterThan(0);
  });
});

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
import { cmdbOf, eventAt, ONE_ROUTE, seconds, T0 } from "../support/core-driver.ts";
import { SMALL_CMDB, SMALL_SETTINGS } from "../support/core-world.ts";
import { type CoreWorld, freshCore, Kept } from "../support/core-simulation.ts";

const create = () => createCorrelator(createRootRanker());

/**
 * Two cores side by side, one of which crashes after every `every`-th input and is restored from what was committed; 0 =
 * whenever decisions wait to be done.
 */
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
    const isCrash = this.every === 0 ? this.live.undone.length > 0 : this.inputs % this.every === 0;
    if (isCrash) this.crashing = this.kept.restore();
  }

  /** An event at its time, after all that is due before. */
  tell(at: number, event: Partial<Event>): void {
    this.runTo(at);
    this.take({ kind: "event", at: Math.max(at, this.live.at), event: eventAt(at, event) });
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

const NOTHING = cmdbOf([]);
const TWO_SWITCHES = cmdbOf([
  "hv-3 connectsTo sw-1",
  "hv-3 connectsTo sw-2",
  "sw-1 connectsTo core",
  "sw-2 connectsTo core",
]);
/** Ten members of a pool, each on a host of its own: who comes later with such a name is taken for one of them. */
const POOL = cmdbOf([
  ...Array.from({ length: 10 }, (_, web) => `web-${web} runsOn host-${web}`),
  ...Array.from({ length: 10 }, (_, web) => `web-${web} dependsOn db`),
  ...Array.from({ length: 10 }, (_, web) => `pool hasMember web-${web}`),
]);
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

  test.for<[situation: string, cmdb: CmdbDocument, names: string, hosts: number, checks: number, every: number]>([
    ["everything behind one switch", FARM, "host", HOSTS, 2, 3],
    ["more behind one switch than its list takes", FARM, "host", HOSTS, 12, 61],
    ["more strangers than one solve looks at", NOTHING, "stranger", HOSTS, 4, 5],
    ["more strangers than one round looks at", NOTHING, "stranger", HOSTS, 14, 83],
    ["more incidents than one step opens", NOTHING, "stranger", 230, 1, 0],
    ["newcomers to a pool", POOL, "web", 40, 2, 1],
  ])("in a storm: %s", ([, cmdb, name, hosts, checks, every]) => {
    const twins = new Twins({ cmdb, settings: ONE_ROUTE, membersKept: 50 }, every);
    const tell = (at: number, host: number, check: number, status: Event["status"]): void => {
      const fields = { ci: `${name}-${host}`, check: `check_${check}`, status, severity: "critical" as const };
      twins.tell(at, { ...fields, summary: "no answer: host unreachable" });
    };
    for (let check = 0; check < checks; check += 1)
      for (let host = 0; host < hosts; host += 1) tell(seconds(1) + check * 200 + host, host, check, "firing");
    twins.runTo(seconds(130));
    for (let host = 0; host < hosts; host += 1) tell(seconds(140) + 40 * host, host, 0, "resolved");
    for (let host = 0; host < hosts; host += 3) tell(seconds(200) + 40 * host, host, 0, "firing");
    twins.runTo(seconds(500));
    expect(twins.live.incidents.size).toBeGreaterThan(0);
  });

  test("with the reason of a page that had waited beside another one", () => {
    const twins = new Twins({ cmdb: SMALL_CMDB, settings: SMALL_SETTINGS, membersKept: 50 }, 1);
    for (const ci of ["hv-1", "web-2", "shop", "web-1"]) twins.tell(T0, { ci, check: "down", summary: "it is down" });
    const uplink = { ci: "sw-1", check: "down", summary: "it is down" };
    twins.tell(T0, { ...uplink, occurredAt: T0 - 400_000 });
    twins.tell(T0, { ...uplink, severity: "info" });
    twins.runTo(seconds(120));
    const [, second] = twins.live.incidents.live();
    expect(second).toMatchObject({ pageWorthy: true, pageReason: "the business service shop is hit" });
  });

  test("where ports are found to lead", () => {
    const twins = new Twins({ cmdb: TWO_SWITCHES, settings: ONE_ROUTE, membersKept: 50 }, 1);
    const trap = (at: number, ci: string, check: string, text: string): void =>
      twins.tell(at, { ci, check, instance: "Gi0/4", severity: "major", summary: text });
    trap(seconds(1), "sw-1", "linkDown", "link down Gi0/4 (to hv-3)");
    trap(seconds(2), "sw-1", "ifErrors", "input errors on Gi0/4");
    trap(seconds(3), "sw-2", "linkDown", "link down Gi0/4");
    twins.tell(seconds(4), { ci: "hv-3", check: "ping", severity: "critical", summary: "no answer: host unreachable" });
    twins.runTo(seconds(200));
    trap(seconds(210), "sw-2", "ifErrors", "output errors on Gi0/4");
    twins.runTo(seconds(400));
    expect(twins.live.alerts.size).toBe(5);
  });
});

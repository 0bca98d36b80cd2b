import * as fc from "fast-check";
import { expect, test } from "vitest";
import { event } from "../../test/support/event.ts";
import { HeldStore } from "../../test/support/held-store.ts";
import { MemoryDisk, createMemoryStore } from "../../test/support/memory-store.ts";
import { READER, letterOf } from "../../test/support/partition-world.ts";
import { RecordingLog, RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { ToyCore } from "../../test/support/toy-core.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { Input } from "../core/model/input.ts";
import type { DepositResult, Lane, Submission } from "../port/intake.ts";
import type { StoredDeposit } from "../port/store.ts";
import { Partition } from "./partition.ts";

type Op =
  | { do: "submit" | "deposit"; ids: number[]; lane: Lane }
  | { do: "boom" }
  | { do: "turns"; count: number }
  | { do: "hold" | "release" | "crash" | "stop" }
  | { do: "full"; times: number }
  | { do: "advance"; ms: number };

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom("submit" as const, "deposit" as const),
      // Larger ones are stepped in several turns.
      ids: fc.oneof(
        { weight: 4, arbitrary: fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }) },
        { weight: 1, arbitrary: fc.array(fc.nat(200), { minLength: 33, maxLength: 80 }) },
      ),
      lane: fc.constantFrom<Lane>("event", "critical"),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("turns" as const), count: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("hold" as const, "release" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat(20_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("crash" as const, "stop" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("full" as const), times: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.constant<Op>({ do: "boom" }) },
);

class World {
  readonly disk = new MemoryDisk();
  readonly acknowledged = new Set<string>();
  /** Acknowledged without an outcome: in the store as it came, or what became of it. */
  readonly deposited = new Set<string>();
  readonly open = new Set<number>();
  private readonly clock = new VirtualClock();
  private submitted = 0;
  store = new HeldStore(createMemoryStore(this.disk));
  partition = this.create();

  private create(): Partition {
    return new Partition({
      store: this.store,
      clock: this.clock,
      random: () => 0.5,
      telemetry: new RecordingTelemetry(),
      log: new RecordingLog(),
      createCore: (stored) => new ToyCore(stored),
      onOutbox: () => undefined,
      onFatal: () => undefined,
      limits: { inputsMax: 200, batchInputsMax: 10, patienceMs: 3_000, depositedInputsMax: 150, heldInputsMin: 6 },
    });
  }

  async restart(): Promise<void> {
    this.store = new HeldStore(createMemoryStore(this.disk));
    this.partition = this.create();
    await this.start();
  }

  async start(): Promise<void> {
    await this.partition.start();
    this.partition.readLetters(READER, ({ body }) => JSON.parse(new TextDecoder().decode(body)));
  }

  submit(how: "submit" | "deposit", ids: readonly string[], lane: Lane, summary: string): void {
    const number = this.submitted++;
    const { partition } = this;
    this.open.add(number);
    const submissions = ids.map((id) => ({ kind: "event", event: event({ id, ci: `ci-${id}`, summary }) }) as const);
    const answer =
      how === "submit"
        ? partition.submit(submissions, lane)
        : partition.deposit(letterOf(submissions, this.clock.now()), lane);
    void answer.then((result: DepositResult) => {
      this.open.delete(number);
      if (result.status === "deposited") for (const id of ids) this.deposited.add(id);
      if (result.status !== "committed") return;
      expect(result.outcomes).toHaveLength(ids.length);
      for (const [place, { status }] of result.outcomes.entries())
        if (status !== "rejected") this.acknowledged.add(ids[place] ?? "");
    });
  }

  async apply(item: Op): Promise<void> {
    switch (item.do) {
      case "submit":
      case "deposit":
        return this.submit(item.do, item.ids.map(String), item.lane, "it hurts");
      case "boom":
        return this.submit(
          this.submitted % 2 === 0 ? "submit" : "deposit",
          [`boom-${this.submitted}`],
          "event",
          "boom",
        );
      case "turns":
        return this.turns(item.count);
      case "hold":
        this.store.isHolding = true;
        return;
      case "release":
        this.store.release();
        return;
      case "full":
        this.store.answers.push(
          ...Array.from({ length: item.times }, () => ({ status: "retryable", reason: "full" }) as const),
        );
        return;
      case "advance":
        for (let passed = 0; passed < item.ms; passed += 1_000) {
          this.clock.advance(1_000);
          await this.turns(1);
        }
        return;
      case "crash":
        this.store.isDead = true;
        this.disk.isHeld = false;
        this.open.clear();
        await this.restart();
        return;
      case "stop":
        this.store.release();
        await this.partition.stop();
        await this.turns(1);
        expect([...this.open]).toEqual([]);
        await this.restart();
    }
  }

  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
  }

  /** What must hold whatever has happened. */
  check(): void {
    const { disk } = this;
    const kept = new Set(disk.eventIds);
    for (const id of this.acknowledged) expect(kept).toContain(`test\n${id}`);
    expect(kept.size).toBe(disk.eventIds.length);
    const waiting = new Set([...disk.deposits.values()].flatMap(waitingIds));
    for (const id of this.deposited)
      if (!id.startsWith("boom")) expect(kept.has(`test\n${id}`) || waiting.has(id)).toBe(true);
    const journaled = disk.journal.flatMap(({ journal }) => JSON.parse(journal) as Input[]);
    const ids = journaled.flatMap((input) => (input.kind === "event" ? [`test\n${input.event.id}`] : []));
    expect(ids).toEqual(disk.eventIds);
    const times = journaled.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const openings = [...disk.outbox.values()]
      .filter(({ row }) => row.kind === "opened")
      .map(({ row }) => row.incident);
    expect(new Set(openings).size).toBe(openings.length);
  }
}

function waitingIds({ body, taken }: StoredDeposit): string[] {
  const submissions = (JSON.parse(new TextDecoder().decode(body)) as Submission[]).slice(taken);
  return submissions.flatMap((each) => (each.kind === "event" ? each.event.id : []));
}

test("whatever the store does and whenever the process dies: what was acknowledged is kept, once, and all are answered", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 1, maxLength: 40 }), async (ops) => {
      const world = new World();
      await world.start();
      for (const item of ops) {
        await world.apply(item);
        world.check();
      }
      await world.apply({ do: "stop" });
      world.check();
      await world.apply({ do: "advance", ms: 70_000 });
      await world.turns(100);
      expect([...world.disk.deposits.keys()]).toEqual([]);
      world.check();
    }),
    { numRuns: Number(process.env["TOCSIN_RUNS"] ?? 500) },
  );
}, 120_000);

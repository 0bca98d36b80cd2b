import type { DepositResult, Lane, Letter, Submission } from "../../collector/port/intake.ts";
import type { Input } from "../../collector/core/model/input.ts";
import type { OutboxRow } from "../../collector/port/store.ts";
import type { PartitionLimits } from "../../collector/runtime/partition-options.ts";
import { Partition } from "../../collector/runtime/partition.ts";
import { submission } from "./event.ts";
import { HeldStore } from "./held-store.ts";
import { MemoryDisk, createMemoryStore } from "./memory-store.ts";
import { RecordingLog, RecordingTelemetry } from "./recording-ports.ts";
import { ToyCore } from "./toy-core.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** A few turns of the event loop: what the partition does "soon" is done. */
export async function settle(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
}

export const READER = "json";

export const letterOf = (submissions: readonly Submission[], receivedAt: number): Letter => ({
  reader: READER,
  body: new TextEncoder().encode(JSON.stringify(submissions)),
  receivedAt,
  inputs: submissions.length,
});

/** A partition with a small core and a store that the test holds; nothing in it is real but the partition. */
export function world(options: { limits?: Partial<PartitionLimits>; disk?: MemoryDisk; clock?: VirtualClock } = {}) {
  const clock = options.clock ?? new VirtualClock();
  const disk = options.disk ?? new MemoryDisk();
  const store = new HeldStore(createMemoryStore(disk));
  const telemetry = new RecordingTelemetry();
  const log = new RecordingLog();
  const outbox: OutboxRow[] = [];
  const fatal: string[] = [];
  const cores: ToyCore[] = [];
  const partition = new Partition({
    store,
    clock,
    random: () => 0,
    telemetry,
    log,
    createCore: (stored) => {
      const core = new ToyCore(stored);
      cores.push(core);
      return core;
    },
    onOutbox: (rows) => outbox.push(...rows),
    onFatal: (reason) => fatal.push(reason),
    ...(options.limits && { limits: options.limits }),
  });
  const inputs = (): Input[] => cores.at(-1)?.inputs ?? [];
  /** The answers that have come so far, by name, in their order. */
  const answers: [string, DepositResult][] = [];
  const send = (name: string, lane: Lane = "event", ...submissions: ReturnType<typeof submission>[]): void => {
    const list = submissions.length === 0 ? [submission({ ci: name })] : submissions;
    void partition.submit(list, lane).then((result) => answers.push([name, result]));
  };
  /** To be called after the start, and after a restart. */
  const read = (): void => partition.readLetters(READER, ({ body }) => JSON.parse(new TextDecoder().decode(body)));
  const deposit = (name: string, submissions: ReturnType<typeof submission>[], lane: Lane = "event"): void => {
    void partition.deposit(letterOf(submissions, clock.now()), lane).then((result) => answers.push([name, result]));
  };
  const statuses = (): string[] => answers.map(([name, { status }]) => `${name} ${status}`);
  return {
    clock,
    disk,
    store,
    telemetry,
    log,
    outbox,
    fatal,
    cores,
    partition,
    inputs,
    answers,
    send,
    read,
    deposit,
    statuses,
  };
}

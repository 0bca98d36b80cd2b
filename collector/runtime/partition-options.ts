import type { Milliseconds } from "../core/model/time.ts";
import type { Clock, Random } from "../port/clock.ts";
import type { OutboxRow, Store } from "../port/store.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";
import type { Core, StoredState } from "./core.ts";
import type { InboxLimits } from "./inbox.ts";
import type { StepperLimits } from "./stepper.ts";

export interface PartitionLimits extends InboxLimits, StepperLimits {
  /** A submitter whose commit hangs is told so after this. */
  patienceMs: Milliseconds;
  /** Without any other commit there is one that only says "we were here". */
  idleCommitMs: Milliseconds;
  eventIdsMax: number;
  /** When so many inputs wait, deposits are answered as late as everything else: when the core has taken them. */
  depositedInputsMax: number;
  /** Fewer deposited inputs are no burst: the core does them in passing. */
  heldInputsMin: number;
}

export const DEFAULT_PARTITION_LIMITS: PartitionLimits = {
  inputsMax: 150_000,
  sizeBytesMax: 128 * 1024 * 1024,
  batchInputsMax: 1_000,
  batchSizeBytesMax: 4 * 1024 * 1024,
  sliceMs: 8,
  patienceMs: 10_000,
  idleCommitMs: 15_000,
  eventIdsMax: 1_000_000,
  depositedInputsMax: 100_000,
  heldInputsMin: 500,
};

export interface PartitionOptions {
  store: Store;
  /** Builds the core from what was stored; called at the start, and again when a core has failed. */
  createCore: (stored: StoredState) => Core;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
  log: Log;
  limits?: Partial<PartitionLimits>;
  /** What waited in the outbox at the start, and new rows after their commit. */
  onOutbox: (rows: readonly OutboxRow[]) => void;
  /** Nothing is acknowledged any more: the process must end, and say why. Called at most once. */
  onFatal: (reason: string) => void;
}

import type { Milliseconds } from "../core/model/time.ts";
import type { Clock, Random } from "../port/clock.ts";
import type { Connector } from "../port/connector.ts";
import type { Store } from "../port/store.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";
import type { DeliveryReport } from "./batch.ts";
import type { BackOff } from "./breaker.ts";

export interface DeliveryLimits {
  /** One attempt, from the first look at the message to the receiver's answer. */
  attemptTimeoutMs: Milliseconds;
  /** Attempts on their way to one receiver: bounds its sockets. */
  inFlightMax: number;
  /** Between two attempts of one message. */
  backOff: BackOff;
  /** While a receiver is away. `maxMs` and a half more bounds how late its return is seen. */
  pause: BackOff;
  /** A message that could not be delivered for so long is given up. */
  giveUpAfterMs: Milliseconds;
  /** What may wait for one receiver; beyond it, further updates are given up: never a page, never a resolve. */
  rowsMax: number;
  sizeBytesMax: number;
}

export const DEFAULT_DELIVERY_LIMITS: DeliveryLimits = {
  attemptTimeoutMs: 15_000,
  inFlightMax: 4,
  backOff: { minMs: 1_000, maxMs: 60_000 },
  pause: { minMs: 2_000, maxMs: 30_000 },
  giveUpAfterMs: 24 * 3_600_000,
  rowsMax: 20_000,
  sizeBytesMax: 64 * 1024 * 1024,
};

export interface DeliveryOptions {
  /** Where references are read. */
  store: Pick<Store, "reference">;
  /** Makes what was done durable and tells the core: `Partition.report`. */
  report: (report: DeliveryReport) => Promise<void>;
  /** By receiver. */
  connectors: ReadonlyMap<string, Connector>;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
  log: Log;
  limits?: Partial<DeliveryLimits>;
}

import type { Event } from "../../collector/core/model/event.ts";
import type { Placement, Ranking } from "../../collector/core/model/correlation.ts";
import type { Alert } from "../../collector/core/model/alert.ts";
import { createState } from "../../collector/core/state.ts";
import { step } from "../../collector/core/step.ts";
import { cmdbOf, eventAt, ONE_ROUTE, T0 } from "../support/core-driver.ts";
import { NeighbourCorrelator } from "../support/neighbour-correlator.ts";
import { NoCorrelation } from "../support/no-correlation.ts";
import { print } from "./figures.ts";

/**
 * What `step` costs an event, and that it does not grow with the open alerts: `npm run bench:core`. Rates are a second of
 * processor time.
 * Without correlation (every alert is kept out of incidents), and for one incident that takes them all.
 */
class OneIncident extends NeighbourCorrelator {
  private home: string | null = null;
  override onFiring(alert: Readonly<Alert>): Placement[] {
    if (this.home === null) return [{ type: "open", alerts: [alert.id], reasons: ["the first"] }];
    return [{ type: "join", alerts: [alert.id], incident: this.home, reasons: ["one storm"] }];
  }
  override rank(...args: Parameters<NeighbourCorrelator["rank"]>): Ranking {
    this.home = args[0].id;
    return super.rank(...args);
  }
  override onResolved(): Placement[] {
    return [];
  }
}

/** Events a second of processor time, so that neighbours on the machine do not count; garbage collection does. */
function rate(count: number, run: () => void): number {
  const begin = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(begin);
  return Math.round((count / (user + system)) * 1_000_000);
}

function events(open: number, count: number, at: number, fields: Partial<Event>): Event[] {
  return Array.from({ length: count }, (_, index) =>
    eventAt(at + index, { ci: `host-${index % open}.example.net`, labels: { site: "ams1", job: "host" }, ...fields }),
  );
}

function measure(name: string, create: () => NeighbourCorrelator, open: number): void {
  const state = createState({ cmdb: cmdbOf([]), settings: ONE_ROUTE, correlator: create() });
  const run = (list: readonly Event[]): number =>
    rate(list.length, () => {
      for (const event of list) step(state, { kind: "event", at: event.occurredAt, event });
    });
  const heapBefore = heapBytes();
  const began = run(events(open, open, T0, {}));
  const bytes = Math.round((heapBytes() - heapBefore) / open);
  const repeats = Math.max(open, 100_000);
  const touched = run(events(open, repeats, T0 + open, {}));
  const cleared = run(events(open, open, T0 + open + repeats, { status: "resolved" }));
  if (state.alerts.size !== open || state.alerts.activeCount !== 0) throw new Error("the core lost count");
  print(`${name}, ${open} open alerts`, {
    "new/s": began,
    "re-notified/s": touched,
    "cleared/s": cleared,
    ...(globalThis.gc === undefined
      ? {}
      : {
          "bytes an alert": bytes,
          "bytes when resolved": Math.round((heapBytes() - heapBefore) / open),
        }),
  });
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

for (const open of [1000, 10_000, 100_000]) measure("no correlation", () => new NoCorrelation(), open);
for (const open of [1000, 10_000]) measure("one incident", () => new OneIncident(), open);

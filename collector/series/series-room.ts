import type { Milliseconds } from "../core/model/time.ts";
import type { AgentDirectory } from "../port/agents.ts";
import type { Clock } from "../port/clock.ts";
import type { Intake } from "../port/intake.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";
import type { Detector } from "../../rules/detect/detector.ts";
import { AgentRegister } from "./agent-register.ts";
import { collectorEvent, detectionEvent } from "./collector-event.ts";
import { EventOutlet } from "./event-outlet.ts";
import { type SeriesLimits, SeriesStore } from "./series-store.ts";

export interface SeriesRoomOptions {
  intake: Intake;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
  /** The CMDB's id of a CI that a sender names, or the name as it is. */
  resolveCi: (name: string) => string;
  /** Evaluates samples of foreign senders; null = no rules yet. */
  detector: Detector | null;
  limits?: Partial<SeriesLimits>;
}

export interface SeriesRoom {
  readonly store: SeriesStore;
  readonly agents: AgentDirectory;
  /** For rules that were loaded again. What the old ones had found and the new ones do not know resolves by its TTL. */
  setDetector(detector: Detector | null): void;
  /** Begins to remove what is stale and to let time pass for detection. */
  start(): void;
  stop(): void;
}

const SWEEP_MS: Milliseconds = 1000;
const TICK_MS: Milliseconds = 5000;
/** A condition that still holds is told again, well within the core's TTL for alerts. */
const REPEAT_MS: Milliseconds = 3_600_000;

/** Series, detection on foreign samples and the register of agents, wired to the intake. */
export function createSeriesRoom(options: SeriesRoomOptions): SeriesRoom {
  const { clock } = options;
  const outlet = new EventOutlet(options);
  let detector = options.detector;
  const store: SeriesStore = new SeriesStore({
    ...options,
    onDetections: (detections) => {
      for (const detection of detections) outlet.push(detectionEvent(detection));
    },
    onLimit: (ci, status, at) =>
      outlet.push(
        collectorEvent({
          ci,
          check: "series_limit",
          status,
          severity: "warning",
          summary:
            status === "firing"
              ? `New series of ${ci} are refused: it has reached the limit on series. Look for a label with unbounded values.`
              : `No series of ${ci} was refused for a while.`,
          at,
        }),
      ),
  });
  const agents = new AgentRegister({
    now: () => clock.now(),
    resolveCi: options.resolveCi,
    seriesOf: (ci) => store.countOf(ci),
    report: (finding) => outlet.push(collectorEvent(finding)),
    telemetry: options.telemetry,
  });
  const repeat = (): void => {
    for (const detection of detector?.firing() ?? []) outlet.push(detectionEvent(detection, clock.now()));
  };
  const duties: readonly [Milliseconds, () => void][] = [
    [SWEEP_MS, () => store.sweep(clock.now())],
    [TICK_MS, () => store.tick(clock.now())],
    [TICK_MS, () => agents.sweep(clock.now())],
    [REPEAT_MS, repeat],
  ];
  const cancels: (() => void)[] = [];
  const schedule = (index: number): void => {
    const [everyMs, duty] = duties[index]!;
    cancels[index] = clock.after(everyMs, () => {
      duty();
      schedule(index);
    });
  };
  return {
    store,
    agents,
    setDetector: (next) => {
      detector = next;
      store.setDetector(next);
    },
    start: () => duties.forEach((_, index) => schedule(index)),
    stop: () => cancels.forEach((cancel) => cancel()),
  };
}

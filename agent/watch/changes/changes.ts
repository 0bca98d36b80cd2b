import { join } from "node:path";
import type { WireEvent } from "../../../protocol/agent-event.ts";
import { type Clock, TIMER_SLACK_MS } from "../../clock.ts";
import type { ChangesConfig } from "../../config/agent-config.ts";
import type { Sockets } from "../../discover/socket-table.ts";
import type { Log } from "../../log.ts";
import type { HostFiles } from "../../sample/host-files.ts";
import { readState, writeState } from "../../spool/state-file.ts";
import type { Watch } from "../check.ts";
import { diffFacts, detail, type FactChange, type Facts, type FactSource, summarize } from "./facts.ts";
import { fileFacts, writtenFacts } from "./file-facts.ts";
import { bootFacts, portFacts, udpPortFacts, unitFacts, userFacts } from "./host-facts.ts";
import { imageFacts } from "./image-facts.ts";
import { inventoryFacts } from "./inventory-facts.ts";
import { packageFacts } from "./packages.ts";

const DETAIL_CHARACTERS_MAX = 4000;
/** Facts of one kind; more are not compared. */
const FACTS_MAX = 20_000;

/** Who is in the last two folders only root may see; that something was written there, on Debian everybody. */
const SCHEDULES = [
  "/etc/crontab",
  "/etc/anacrontab",
  ...["d", "hourly", "daily", "weekly", "monthly"].map((name) => `/etc/cron.${name}/*`),
  "/var/spool/cron/*",
  "/var/spool/cron/crontabs/*",
];

export interface ChangesContext {
  clock: Clock;
  log: Log;
  ci: string;
  nextId: () => string;
  send: (event: WireEvent) => void;
  /** Where what was so at the last look is kept, a file for each kind. */
  folder: string;
}

interface Seat {
  source: FactSource;
  /** At the last look; the facts are read when it differs. */
  fingerprint: string | null;
  /** Facts that must be the same once more before they count. */
  candidate: string | null;
  told: boolean;
}

interface Stored {
  fingerprint: string;
  facts: Facts;
}

/** The kinds that the administrator asked for; restarts of the host, its hardware and cron's schedules always. */
export function factSources(
  config: ChangesConfig,
  { files, sockets, certificates }: { files: HostFiles; sockets: Sockets; certificates: FactSource | null },
): FactSource[] {
  return [
    bootFacts(files),
    inventoryFacts(files),
    ...(config.packages ? [packageFacts()] : []),
    ...(config.users ? [userFacts()] : []),
    ...(config.listeningPorts ? [portFacts(sockets), udpPortFacts(sockets)] : []),
    ...(config.units ? [unitFacts(files)] : []),
    writtenFacts("cron", "schedule", SCHEDULES),
    ...(config.containers ? [imageFacts(files)] : []),
    ...(certificates === null ? [] : [certificates]),
    ...(config.files.length > 0 ? [fileFacts(config.files)] : []),
  ];
}

/**
 * Compares what is so with what was so, also across restarts of the agent and the host, and tells the difference as `change`
 * events: one for each kind and look, with before and after. What is so at the very first look is taken as given.
 */
export function createChangeWatch(
  context: ChangesContext,
  sources: readonly FactSource[],
  everyMs: number,
): Watch & { look(): Promise<void> } {
  const seats = sources.map((source): Seat => ({ source, fingerprint: null, candidate: null, told: false }));
  let dueAtMs = 0;
  let busy = false;

  const look = async (): Promise<void> => {
    for (const seat of seats) {
      try {
        await lookAt(context, seat);
        seat.told = false;
      } catch (error) {
        if (!seat.told)
          context.log.warn("changes of a kind cannot be seen", { kind: seat.source.name, reason: String(error) });
        seat.told = true;
      }
    }
  };

  return {
    name: "changes",
    look,
    tick() {
      const nowMs = context.clock.monotonic();
      if (busy || nowMs < dueAtMs - TIMER_SLACK_MS) return;
      busy = true;
      dueAtMs = nowMs + everyMs;
      void look().finally(() => {
        busy = false;
      });
    },
  };
}

async function lookAt(context: ChangesContext, seat: Seat): Promise<void> {
  const { source } = seat;
  const fingerprint = source.fingerprint();
  if (fingerprint === null || (fingerprint === seat.fingerprint && seat.candidate === null)) return;
  seat.fingerprint = fingerprint;
  const path = statePathOf(context.folder, source.name);
  const stored = readState(path) as Stored | null;
  if (stored !== null && stored.fingerprint === fingerprint && seat.candidate === null) return;
  const facts = limited(await source.read());
  const save = (): void => writeState(path, { fingerprint, facts } satisfies Stored, false);
  if (stored === null) {
    save();
    return;
  }
  const before = stored.facts;
  const changes = diffFacts(before, facts);
  const text = JSON.stringify(facts);
  if (changes.length > 0 && source.settles && seat.candidate !== text) {
    seat.candidate = text;
    return;
  }
  seat.candidate = null;
  if (changes.length > 0) context.send(changeEvent(context, source, changes));
  save();
}

/** Where the facts of one kind are kept. */
export function statePathOf(folder: string, name: string): string {
  return join(folder, `facts-${name}.json`);
}

function limited(facts: Facts): Facts {
  const names = Object.keys(facts).sort();
  if (names.length <= FACTS_MAX) return facts;
  return Object.fromEntries(names.slice(0, FACTS_MAX).map((name) => [name, facts[name] ?? ""]));
}

function changeEvent(context: ChangesContext, source: FactSource, changes: readonly FactChange[]): WireEvent {
  const single = changes.length === 1 ? changes[0] : undefined;
  const at = context.clock.now();
  return {
    id: context.nextId(),
    source: "agent",
    ci: context.ci,
    check: source.check,
    // Each look is a change of its own.
    instance: single === undefined ? String(at) : `${single.name} ${at}`,
    kind: "change",
    status: "firing",
    severity: "info",
    summary: source.summarize?.(changes) ?? summarize(source.noun, changes),
    time: new Date(at).toISOString(),
    labels: { kind: source.name },
    annotations: {
      detail: detail(changes, DETAIL_CHARACTERS_MAX),
      ...(typeof single?.before === "string" ? { before: single.before } : {}),
      ...(typeof single?.after === "string" ? { after: single.after } : {}),
    },
  };
}

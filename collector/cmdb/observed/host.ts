import type { Observation, ObservedContainer, ObservedProgram } from "../../../protocol/observation.ts";
import type { UnixMillis } from "../../core/model/time.ts";

interface Span {
  firstSeenAt: UnixMillis;
  lastSeenAt: UnixMillis;
}

/** What one agent has told of its host. */
export interface ObservedHost extends Span {
  /** The CI's id where the CMDB knows it, else as the agent names it. */
  ci: string;
  agentId: string;
  hostName: string;
  system: Observation["system"];
  addresses: readonly string[];
  ports: readonly number[];
  programs: (ObservedProgram & Span)[];
  containers: (ObservedContainer & Span)[];
  /** How often it looked, in all. */
  looks: number;
}

/** Containers come and go by themselves; a program that is gone for a day was taken away. */
const CONTAINER_GONE_AFTER_MS = 60 * 60_000;
const PROGRAM_GONE_AFTER_MS = 24 * 3_600_000;

/** The host after one more observation. */
export function hostAfter(
  known: ObservedHost | undefined,
  ci: string,
  told: Observation,
  at: UnixMillis,
): ObservedHost {
  return {
    ci,
    agentId: told.agentId,
    hostName: told.hostName,
    system: told.system,
    addresses: told.addresses,
    ports: told.ports,
    programs: merged(known?.programs ?? [], told.programs, (each) => each.name, { at, goneMs: PROGRAM_GONE_AFTER_MS }),
    containers: merged(known?.containers ?? [], told.containers, (each) => each.id, {
      at,
      goneMs: CONTAINER_GONE_AFTER_MS,
    }),
    looks: (known?.looks ?? 0) + told.looks,
    firstSeenAt: known?.firstSeenAt ?? at,
    lastSeenAt: at,
  };
}

function merged<T extends object>(
  before: readonly (T & Span)[],
  now: readonly T[],
  keyOf: (item: T) => string,
  { at, goneMs }: { at: UnixMillis; goneMs: number },
): (T & Span)[] {
  const known = new Map(before.map((item) => [keyOf(item), item]));
  const seen = new Set(now.map(keyOf));
  const gone = before.filter((item) => !seen.has(keyOf(item)) && at - item.lastSeenAt < goneMs);
  return [
    ...now.map((item) => ({ ...item, firstSeenAt: known.get(keyOf(item))?.firstSeenAt ?? at, lastSeenAt: at })),
    ...gone,
  ];
}

/** The program that listens on a port of the host. */
export function programOn(
  host: ObservedHost | undefined,
  { port, transport }: { port: number; transport?: "udp" },
): ObservedProgram | undefined {
  return host?.programs.find(({ ports, udpPorts }) => (transport === "udp" ? udpPorts : ports).includes(port));
}

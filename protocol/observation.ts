/** `POST` of what an agent sees of its host: who is there, and who talks to whom. A snapshot: the newest one counts. */
export const OBSERVATION_PATH = "/api/v1/agent/observations";

/** What a program is to others, in the CMDB's words for types. */
export const PROGRAM_KINDS = ["database", "cache", "queue", "loadBalancer", "service"] as const;
export type ProgramKind = (typeof PROGRAM_KINDS)[number];

/** Most that one observation may hold; the agent keeps below, the collector refuses more. */
export const OBSERVATION_LIMITS = {
  addresses: 64,
  programs: 200,
  portsOfProgram: 32,
  containers: 200,
  ports: 1000,
  peers: 1000,
  textLength: 253,
} as const;

export type Transport = "tcp" | "udp";

/** Something that listens on this host. */
export interface ObservedProgram {
  /** The program's own name, stable on this host: `postgres`, `nginx`, `java`. */
  name: string;
  kind: ProgramKind;
  /** Known software: `postgresql`; "" where it is none that we know. */
  product: string;
  /** systemd unit, or "". */
  unit: string;
  /** TCP ports, ascending. */
  ports: number[];
  /** UDP ports, ascending. */
  udpPorts: number[];
}

/** A container or a guest of this host, known by its control group. */
export interface ObservedContainer {
  /** Twelve hexadecimal digits, or a name where the runtime gives one. */
  id: string;
  /** `docker`, `podman`, `containerd`, `crio`, `lxc`, `nspawn`, `qemu`. */
  runtime: string;
}

/** One neighbour on the network, whatever the number of connections. */
export interface ObservedPeer {
  /** out: we called its port. in: it called ours. */
  direction: "out" | "in";
  /** The other side's address, in its usual text form; IPv4 in IPv6 as IPv4. Loopback means this host. */
  address: string;
  /** The port that was called. */
  port: number;
  transport: Transport;
  /** Our program at this end, where that can be seen; else "". */
  program: string;
  /** Looks since the observation before in which it was seen. */
  looks: number;
}

export interface Observation {
  /** Random, made once for a data directory. */
  agentId: string;
  /** The CI the agent speaks for. */
  ci: string;
  hostName: string;
  /** `linux`, kernel release, machine, and `kvm`, `vmware` …, `container`, or "" for a machine of its own. */
  system: { os: string; kernel: string; architecture: string; virtualisation: string };
  /** Under which others may call this host; without loopback and link-local ones. */
  addresses: string[];
  programs: ObservedProgram[];
  containers: ObservedContainer[];
  /** Every TCP port with a listener, ascending. */
  ports: number[];
  /** How often the agent looked since the observation before; at least 1. */
  looks: number;
  peers: ObservedPeer[];
}

export type ObservationResult =
  | { status: "read"; observation: Observation }
  /** `message` names the place: `peers[3].port is no port`. */
  | { status: "malformed"; message: string };

class Malformed extends Error {}

/** Checks what claims to be an observation. Unknown keys pass and are left out; never throws for what it holds. */
export function readObservation(value: unknown): ObservationResult {
  try {
    return { status: "read", observation: observationOf(mapOf(value, "the body")) };
  } catch (error) {
    if (error instanceof Malformed) return { status: "malformed", message: error.message };
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function observationOf(body: Fields): Observation {
  const system = mapOf(body["system"], "system");
  const of = (key: string): string => textOf(system[key], `system.${key}`);
  return {
    agentId: namedOf(body["agentId"], "agentId"),
    ci: namedOf(body["ci"], "ci"),
    hostName: textOf(body["hostName"], "hostName"),
    system: {
      os: of("os"),
      kernel: of("kernel"),
      architecture: of("architecture"),
      virtualisation: of("virtualisation"),
    },
    addresses: listOf(body["addresses"], "addresses", OBSERVATION_LIMITS.addresses, namedOf),
    programs: listOf(body["programs"], "programs", OBSERVATION_LIMITS.programs, programOf),
    containers: listOf(body["containers"], "containers", OBSERVATION_LIMITS.containers, containerOf),
    ports: listOf(body["ports"], "ports", OBSERVATION_LIMITS.ports, portOf),
    looks: countOf(body["looks"], "looks"),
    peers: listOf(body["peers"], "peers", OBSERVATION_LIMITS.peers, peerOf),
  };
}

function programOf(value: unknown, place: string): ObservedProgram {
  const fields = mapOf(value, place);
  const kind = PROGRAM_KINDS.find((each) => each === fields["kind"]);
  if (kind === undefined) throw new Malformed(`${place}.kind is none of ${PROGRAM_KINDS.join(", ")}`);
  return {
    name: namedOf(fields["name"], `${place}.name`),
    kind,
    product: textOf(fields["product"], `${place}.product`),
    unit: textOf(fields["unit"], `${place}.unit`),
    ports: listOf(fields["ports"], `${place}.ports`, OBSERVATION_LIMITS.portsOfProgram, portOf),
    // Agents of before did not look at UDP.
    udpPorts: listOf(fields["udpPorts"] ?? [], `${place}.udpPorts`, OBSERVATION_LIMITS.portsOfProgram, portOf),
  };
}

function containerOf(value: unknown, place: string): ObservedContainer {
  const fields = mapOf(value, place);
  return {
    id: namedOf(fields["id"], `${place}.id`),
    runtime: textOf(fields["runtime"], `${place}.runtime`),
  };
}

function peerOf(value: unknown, place: string): ObservedPeer {
  const fields = mapOf(value, place);
  const { direction, transport = "tcp" } = fields;
  if (direction !== "out" && direction !== "in") throw new Malformed(`${place}.direction is neither out nor in`);
  if (transport !== "tcp" && transport !== "udp") throw new Malformed(`${place}.transport is neither tcp nor udp`);
  return {
    direction,
    address: namedOf(fields["address"], `${place}.address`),
    port: portOf(fields["port"], `${place}.port`),
    transport,
    program: textOf(fields["program"], `${place}.program`),
    looks: countOf(fields["looks"], `${place}.looks`),
  };
}

function mapOf(value: unknown, place: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Malformed(`${place} is no object`);
  return value as Fields;
}

function listOf<T>(value: unknown, place: string, max: number, read: (item: unknown, place: string) => T): T[] {
  if (!Array.isArray(value)) throw new Malformed(`${place} is no array`);
  if (value.length > max) throw new Malformed(`${place} has ${value.length} entries, at most ${max}`);
  return value.map((item, index) => read(item, `${place}[${index}]`));
}

/** Control characters would reach terminals and logs. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

function textOf(value: unknown, place: string): string {
  if (typeof value !== "string" || value.length > OBSERVATION_LIMITS.textLength || UNPRINTABLE.test(value))
    throw new Malformed(`${place} is no plain text of at most ${OBSERVATION_LIMITS.textLength} characters`);
  return value;
}

function namedOf(value: unknown, place: string): string {
  const text = textOf(value, place);
  if (text.trim() === "") throw new Malformed(`${place} is empty`);
  return text;
}

function portOf(value: unknown, place: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > 65_535)
    throw new Malformed(`${place} is no port`);
  return value;
}

function countOf(value: unknown, place: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > 1_000_000)
    throw new Malformed(`${place} is no count`);
  return value;
}

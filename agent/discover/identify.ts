import { OBSERVATION_LIMITS, type ObservedProgram } from "../../protocol/observation.ts";
import type { HostFiles } from "../sample/host-files.ts";
import { unixListeners } from "./unix-listeners.ts";
import { EPHEMERAL_FROM } from "./socket-table.ts";
import { IGNORED_PORTS, KNOWN_SOFTWARE, softwareOfProgram } from "./known-software.ts";
import type { Listener } from "./neighbours.ts";
import { type OwnerOf, readPrograms, type RunningProgram, socketOwners, unitOf } from "./process-table.ts";

/** What is known of who is behind which socket, until it is looked at anew. */
export interface Identities {
  programs: ObservedProgram[];
  /** Programs of users that run no other; root's never. */
  byUid: ReadonlyMap<number, string>;
  /** Where /proc/<pid>/fd could be read. */
  byInode: ReadonlyMap<string, string>;
}

/** They only hand on to a container: what is behind is guessed from the port. */
const FORWARDERS: ReadonlySet<string> = new Set([
  "docker-proxy",
  "rootlessport",
  "conmon",
  "containerd-shim",
  "slirp4netns",
]);
/** Every user has these. */
const EVERYWHERE: ReadonlySet<string> = new Set([
  "systemd",
  "(sd-pam)",
  "dbus-daemon",
  "sshd",
  "sshd-session",
  "bash",
  "sh",
  "sleep",
  "tocsin-agent",
]);

/**
 * Finds the program behind each listener. By the socket's process where its descriptors may be read (root, or our own user's);
 * else by the socket's owner, which everybody may read: a service has a user of its own, or its usual port.
 */
export function identify(
  files: HostFiles,
  listeners: readonly Listener[],
  more: { inodes: ReadonlySet<string>; owner?: OwnerOf },
): Identities {
  const running = readPrograms(files, more.owner);
  const inodes = new Set([...listeners.map((each) => each.inode), ...more.inodes]);
  inodes.delete("0");
  const owners = socketOwners(
    files,
    running.map((each) => each.pid),
    inodes,
  );
  const byPid = new Map(running.map((each) => [each.pid, each]));
  const byUid = Map.groupBy(running, (each) => each.uid);
  const found = new Map<string, Found>();
  for (const listener of listeners) {
    if (IGNORED_PORTS.has(listener.port)) continue;
    const program = programOf(listener, byPid.get(owners.get(listener.inode) ?? ""), byUid.get(listener.uid) ?? []);
    if (program === null || program.name === "") continue;
    const known = found.get(program.name) ?? { pid: program.pid, tcp: new Set(), udp: new Set() };
    known[listener.transport].add(listener.port);
    found.set(program.name, known);
  }
  for (const product of unixListeners(files)) {
    const names = KNOWN_SOFTWARE.find((each) => each.product === product)?.programs ?? [];
    const program = running.find(({ name }) => names.includes(name));
    if (program !== undefined && !found.has(program.name))
      found.set(program.name, { pid: program.pid, tcp: new Set(), udp: new Set() });
  }
  return {
    programs: programsOf(files, found),
    byUid: new Map([...byUid].flatMap(([uid, list]) => onlyName(uid, list))),
    byInode: new Map([...owners].map(([inode, pid]) => [inode, byPid.get(pid)?.name ?? ""])),
  };
}

/** A program, and where it listens. */
interface Found {
  pid: string;
  tcp: Set<number>;
  udp: Set<number>;
}

type Named = Pick<RunningProgram, "name" | "pid">;

function programOf(
  listener: Listener,
  owner: RunningProgram | undefined,
  users: readonly RunningProgram[],
): Named | null {
  const usual = KNOWN_SOFTWARE.filter((each) => each.ports.includes(listener.port));
  if (owner !== undefined) {
    if (!FORWARDERS.has(owner.name)) return owner;
    const [likely] = usual;
    return likely === undefined ? null : { name: likely.product, pid: "" };
  }
  for (const software of usual) {
    const program = users.find((each) => software.programs.includes(each.name) || each.name === software.product);
    if (program !== undefined) return program;
  }
  if (listener.port >= EPHEMERAL_FROM) return null;
  const [only] = onlyName(listener.uid, users);
  return only === undefined ? null : (users.find((each) => each.name === only[1]) ?? null);
}

function onlyName(uid: number, programs: readonly RunningProgram[]): [number, string][] {
  if (uid === 0) return [];
  const names = new Set(programs.map((each) => each.name).filter((name) => !EVERYWHERE.has(name)));
  const [name] = names;
  return names.size === 1 && name !== undefined ? [[uid, name]] : [];
}

function programsOf(files: HostFiles, found: ReadonlyMap<string, Found>): ObservedProgram[] {
  return [...found]
    .slice(0, OBSERVATION_LIMITS.programs)
    .map(([name, { pid, tcp, udp }]) => {
      const ports = ascending(tcp);
      const known = softwareOfProgram(name, ports);
      return {
        name,
        kind: known?.kind ?? ("service" as const),
        product: known?.product ?? "",
        unit: pid === "" ? "" : unitOf(files, pid),
        ports,
        udpPorts: ascending(udp),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function ascending(ports: ReadonlySet<number>): number[] {
  return [...ports].sort((a, b) => a - b).slice(0, OBSERVATION_LIMITS.portsOfProgram);
}

import { gzipSync } from "node:zlib";
import {
  type Observation,
  OBSERVATION_LIMITS,
  OBSERVATION_PATH,
  type ObservedContainer,
  type ObservedPeer,
  type ObservedProgram,
} from "../../protocol/observation.ts";
import { type Clock, TIMER_SLACK_MS } from "../clock.ts";
import type { Log } from "../log.ts";
import type { HostFiles } from "../sample/host-files.ts";
import type { Collectors } from "../send/collectors.ts";
import type { Watch } from "../watch/check.ts";
import { type Container, findContainers } from "./containers.ts";
import { identify, type Identities } from "./identify.ts";
import { type Listener, type Neighbour, neighbourhoodOf, neighbourKey } from "./neighbours.ts";
import { addressesOf, systemOf } from "./platform.ts";
import { type OwnerOf, socketInode } from "./process-table.ts";
import { readSockets, type Socket, type Sockets } from "./socket-table.ts";

export interface DiscoveryOptions {
  files: HostFiles;
  sockets: Sockets;
  clock: Clock;
  log: Log;
  collectors: Pick<Collectors, "send">;
  agentId: string;
  ci: string;
  hostName: string;
  everyMs: number;
  /** Ports that the agent's own checks call: their short connections say nothing of the host. */
  probedPorts: readonly number[];
  owner?: OwnerOf;
  addresses?: () => string[];
}

/** What is known is told again this often, so that a collector that began anew learns it. */
const TELL_EVERY_LOOKS = 5;
/** Neighbours are told one by one until they were seen this often: that is when the collector believes them. */
const SURE_LOOKS = 2;
/** Programs and their sockets are looked at anew when a listener changes, and else this often. */
const IDENTIFY_EVERY_LOOKS = 10;
const CONTAINERS_LOOKED_INTO_MAX = 50;
/** Addresses that the agent itself talks to: its collectors. */
const OWN_REMOTES_MAX = 64;
/** A collector that knows no observations is asked again after this. */
const REST_MS = 60 * 60_000;

interface Seen {
  neighbour: Neighbour;
  /** Since it was last told. */
  looks: number;
  /** Ever. */
  total: number;
  program: string;
}

/**
 * Looks once a minute at who listens and who talks to whom on this host, and tells a collector. Reads /proc and /sys only; what
 * it cannot read without privileges it does without. A look costs some milliseconds; see docs/guide/agent.md.
 */
export class Discovery implements Watch {
  readonly #options: DiscoveryOptions;
  readonly #seen = new Map<string, Seen>();
  readonly #ownRemotes = new Set<string>();
  #identities: Identities = { programs: [], byUid: new Map(), byInode: new Map() };
  #identifiedFor: string | null = null;
  #looksSinceIdentify = 0;
  #containers: Container[] = [];
  #ports: number[] = [];
  #looks = 0;
  #toldText = "";
  #dueAtMs = 0;
  #restUntilMs = 0;
  #sending = false;
  #toldTrouble = "";

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  tick(): void {
    const { clock, everyMs, log } = this.#options;
    const nowMs = clock.monotonic();
    if (nowMs < this.#dueAtMs - TIMER_SLACK_MS || nowMs < this.#restUntilMs) return;
    this.#dueAtMs = nowMs + everyMs;
    try {
      this.look();
    } catch (error) {
      log.warn("the neighbours could not be looked at", { error: String(error) });
      return;
    }
    if (this.#isNews()) void this.#tell();
  }

  /** One look; what it finds adds up until it is told. */
  look(): void {
    const { files } = this.#options;
    const own = this.#ownInodes();
    const sockets = this.#options.sockets();
    for (const socket of sockets)
      if (own.has(socket.inode) && socket.state === "connected" && this.#ownRemotes.size < OWN_REMOTES_MAX)
        this.#ownRemotes.add(`${socket.remoteHex} ${socket.remotePort}`);
    const isOwn = (socket: Socket): boolean => this.#isOwn(socket, own);
    const tcp = neighbourhoodOf(sockets, isOwn);
    const udp = neighbourhoodOf(this.#options.sockets("udp"), isOwn, "udp");
    const neighbours = [...tcp.neighbours.values(), ...udp.neighbours.values()];
    const listeners = [...tcp.listeners.values(), ...udp.listeners.values()].filter((each) => !own.has(each.inode));
    this.#ports = listeners
      .filter((each) => each.transport === "tcp")
      .map((each) => each.port)
      .sort((a, b) => a - b)
      .slice(0, OBSERVATION_LIMITS.ports);
    this.#identify(listeners, neighbours);
    for (const neighbour of neighbours) this.#take(neighbour, this.#programOf(neighbour));
    this.#containers = findContainers(files, OBSERVATION_LIMITS.containers);
    this.#lookIntoContainers(new Set(sockets.map((each) => each.inode)));
    this.#looks++;
  }

  /** What there is to tell now. */
  observation(): Observation {
    const { agentId, ci, hostName, files, addresses = addressesOf } = this.#options;
    const peers = [...this.#seen.values()]
      .filter(({ looks }) => looks > 0)
      .sort((a, b) => b.looks - a.looks)
      .slice(0, OBSERVATION_LIMITS.peers)
      .map(
        ({ neighbour: { transport, direction, address, port }, looks, program }): ObservedPeer => ({
          direction,
          address,
          port,
          transport,
          program,
          looks,
        }),
      );
    return {
      agentId,
      ci,
      hostName,
      system: systemOf(files),
      addresses: addresses().slice(0, OBSERVATION_LIMITS.addresses),
      programs: this.#identities.programs,
      containers: this.#containers.map(({ id, runtime }): ObservedContainer => ({ id, runtime })),
      ports: this.#ports,
      looks: Math.max(1, this.#looks),
      peers,
    };
  }

  #isNews(): boolean {
    if (this.#looks >= TELL_EVERY_LOOKS || this.#stable() !== this.#toldText) return true;
    for (const { looks, total } of this.#seen.values()) if (looks > 0 && total <= SURE_LOOKS) return true;
    return false;
  }

  /** What does not change from look to look on a quiet host. */
  #stable(): string {
    const containers = this.#containers.map((each) => each.id);
    return JSON.stringify([this.#identities.programs, this.#ports, containers]);
  }

  async #tell(): Promise<void> {
    if (this.#sending) return;
    const { collectors, clock, log } = this.#options;
    const told = this.#stable();
    const snapshot = new Map([...this.#seen].map(([key, { looks }]) => [key, looks]));
    const looks = this.#looks;
    this.#sending = true;
    const { answer, url } = await collectors
      .send({
        path: OBSERVATION_PATH,
        headers: { "content-type": "application/json", "content-encoding": "gzip" },
        body: [gzipSync(JSON.stringify(this.observation()), { level: 1 })],
      })
      .finally(() => {
        this.#sending = false;
      });
    // Not reachable, or in trouble: the sender already tells that, and the next look tells what this one would have.
    if (answer.kind === "failed" || answer.status >= 500 || answer.status === 401) return;
    if (answer.status >= 300) {
      if (answer.status === 404) this.#restUntilMs = clock.monotonic() + REST_MS;
      const reason = `HTTP ${answer.status} ${answer.body.toString("utf8", 0, 300)}`;
      if (reason !== this.#toldTrouble) log.warn("the collector does not take what was observed", { url, reason });
      this.#toldTrouble = reason;
    } else {
      this.#toldTrouble = "";
      this.#toldText = told;
    }
    this.#settle(snapshot, looks);
  }

  /** What was told does not count again; what was not seen since the telling before is forgotten. */
  #settle(told: ReadonlyMap<string, number>, looks: number): void {
    this.#looks -= looks;
    for (const [key, seen] of this.#seen) {
      const counted = told.get(key);
      if (counted === 0 && seen.looks === 0) this.#seen.delete(key);
      else seen.looks -= counted ?? 0;
    }
  }

  #take(neighbour: Neighbour, program: string): void {
    const key = neighbourKey(neighbour);
    const known = this.#seen.get(key);
    if (known !== undefined) {
      known.looks++;
      known.total++;
      if (program !== "") known.program = program;
    } else if (this.#seen.size < 2 * OBSERVATION_LIMITS.peers)
      this.#seen.set(key, { neighbour, looks: 1, total: 1, program });
  }

  #identify(listeners: readonly Listener[], neighbours: readonly Neighbour[]): void {
    const signature = listeners.map((each) => `${each.transport} ${each.port} ${each.inode}`).join();
    const nameless = neighbours.filter((each) => (this.#seen.get(neighbourKey(each))?.program ?? "") === "");
    this.#looksSinceIdentify++;
    const due = this.#looksSinceIdentify >= IDENTIFY_EVERY_LOOKS;
    if (signature === this.#identifiedFor && !due) return;
    this.#identifiedFor = signature;
    this.#looksSinceIdentify = 0;
    const { files, owner } = this.#options;
    this.#identities = identify(files, listeners, {
      inodes: new Set(nameless.map((each) => each.inode)),
      ...(owner === undefined ? {} : { owner }),
    });
  }

  #programOf({ transport, direction, port, uid, inode }: Neighbour): string {
    const { programs, byInode, byUid } = this.#identities;
    const portsOf = (each: ObservedProgram): number[] => (transport === "tcp" ? each.ports : each.udpPorts);
    if (direction === "in") return programs.find((each) => portsOf(each).includes(port))?.name ?? "";
    return byInode.get(inode) ?? byUid.get(uid) ?? "";
  }

  /** A container with a network of its own has sockets that the host's tables do not show. */
  #lookIntoContainers(hostInodes: ReadonlySet<string>): void {
    const { files } = this.#options;
    for (const { path, id } of this.#containers.slice(0, CONTAINERS_LOOKED_INTO_MAX)) {
      const pid = files.line(`${path}/cgroup.procs`);
      if (pid === null || pid === "" || pid === "0") continue;
      const sockets = readSockets(files, pid);
      if (sockets.some((each) => each.inode !== "0" && hostInodes.has(each.inode))) continue;
      const { neighbours } = neighbourhoodOf(sockets, () => false);
      // Who calls a container comes through the host; its loopback is its own.
      for (const neighbour of neighbours.values())
        if (neighbour.direction === "out" && !/^(127\.|::1$)/.test(neighbour.address))
          this.#take(neighbour, `container-${id}`);
    }
  }

  #ownInodes(): Set<string> {
    const { files } = this.#options;
    const found = new Set<string>();
    for (const descriptor of files.list("/proc/self/fd/")) {
      const inode = socketInode(files.link(`/proc/self/fd/${descriptor}`));
      if (inode !== null) found.add(inode);
    }
    return found;
  }

  #isOwn(socket: Socket, own: ReadonlySet<string>): boolean {
    if (own.has(socket.inode) || this.#ownRemotes.has(`${socket.remoteHex} ${socket.remotePort}`)) return true;
    return socket.state === "closing" && this.#options.probedPorts.includes(socket.remotePort);
  }
}

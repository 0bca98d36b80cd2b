import { createReadStream } from "node:fs";
import { mkdir, open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ObservedHost } from "./host.ts";
import type { Sighting } from "./sighting-book.ts";

export interface StoredObservations {
  hosts: ObservedHost[];
  sightings: Sighting[];
  /** Lines that could not be read. */
  damaged: number;
}

const FILE = "observed.jsonl";
const LINES_A_WRITE = 500;

/**
 * What agents saw, across restarts: a line each, the whole written beside the old one and synced before it takes its place. A
 * crash loses the times of the last minutes, which agents tell again.
 */
export class ObservedStore {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async read(): Promise<StoredObservations> {
    const found: StoredObservations = { hosts: [], sightings: [], damaged: 0 };
    try {
      const lines = createInterface({ input: createReadStream(join(this.folder, FILE), "utf8"), crlfDelay: Infinity });
      for await (const line of lines) take(found, line);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") found.damaged += 1;
    }
    return found;
  }

  /** Rejects when the disk does not take it; the old one then stands. */
  async write(hosts: Iterable<ObservedHost>, sightings: Iterable<Readonly<Sighting>>): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, FILE);
    const file = await open(`${path}.new`, "w", 0o600);
    try {
      await file.writeFile(blocks(hosts, sightings));
      await file.datasync();
    } catch (error) {
      await unlink(`${path}.new`).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }
}

/** Blocks of lines, so that the collector's other work goes on in between. */
function* blocks(hosts: Iterable<ObservedHost>, sightings: Iterable<Readonly<Sighting>>): Iterable<string> {
  let block: string[] = [];
  for (const line of lines(hosts, sightings)) {
    block.push(line);
    if (block.length < LINES_A_WRITE) continue;
    yield block.join("");
    block = [];
  }
  yield block.join("");
}

function* lines(hosts: Iterable<ObservedHost>, sightings: Iterable<Readonly<Sighting>>): Iterable<string> {
  for (const host of hosts) yield `${JSON.stringify({ host })}\n`;
  for (const sighting of sightings) yield `${JSON.stringify({ sighting })}\n`;
}

function take(found: StoredObservations, line: string): void {
  if (line === "") return;
  try {
    const { host, sighting } = JSON.parse(line) as { host?: Partial<ObservedHost>; sighting?: Partial<Sighting> };
    if (isHost(host)) found.hosts.push(withUdp(host));
    else if (isSighting(sighting)) found.sightings.push(sighting);
    else found.damaged += 1;
  } catch {
    // Half a line, or none of ours.
    found.damaged += 1;
  }
}

/** What was kept before agents looked at UDP has none. */
function withUdp(host: ObservedHost): ObservedHost {
  return { ...host, programs: host.programs.map((program) => ({ ...program, udpPorts: program.udpPorts ?? [] })) };
}

const isHost = (host: Partial<ObservedHost> | undefined): host is ObservedHost =>
  typeof host?.ci === "string" &&
  typeof host.lastSeenAt === "number" &&
  typeof host.system === "object" &&
  [host.addresses, host.ports, host.programs, host.containers].every(Array.isArray);

const isSighting = (sighting: Partial<Sighting> | undefined): sighting is Sighting =>
  typeof sighting?.from === "string" &&
  typeof sighting.to === "string" &&
  typeof sighting.port === "number" &&
  typeof sighting.looks === "number" &&
  typeof sighting.lastSeenAt === "number" &&
  Array.isArray(sighting.programs);

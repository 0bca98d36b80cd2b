import { createHash } from "node:crypto";
import type { Observation } from "../../../protocol/observation.ts";
import type { CmdbDocument } from "../../core/model/ci.ts";
import type { Milliseconds } from "../../core/model/time.ts";
import type { Clock } from "../../port/clock.ts";
import type { ObserveResult } from "../../port/cmdb.ts";
import type { Log, Telemetry } from "../../port/telemetry.ts";
import { AddressBook } from "./address-book.ts";
import type { DeclaredIndex } from "./declared-index.ts";
import { hostAfter, type ObservedHost } from "./host.ts";
import { join } from "./join.ts";
import { type ObservedPart, observedPart } from "./observed-document.ts";
import { ObservedStore } from "./observed-store.ts";
import { SightingBook } from "./sighting-book.ts";

export interface ObservedRoomOptions {
  folder: string;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
  /** What people declare now. */
  declared: () => DeclaredIndex;
  staleAfterMs: () => Milliseconds;
  /** Gives the core what was seen. False = it did not take it now. */
  publish: (document: CmdbDocument) => Promise<boolean>;
  limits?: { hostsMax: number; sightingsMax: number; perHostMax: number };
}

const LIMITS = { hostsMax: 50_000, sightingsMax: 200_000, perHostMax: 2000 };
/** What is new reaches the core after this at the soonest … */
const PUBLISH_AFTER_MS = 2000;
/** … and not before so many times as long as the last time took: a large CMDB is rebuilt as a whole. */
const PUBLISH_REST_FACTOR = 50;
/** When nothing came or went and only the confidence moved. */
const CONFIDENCE_EVERY_MS = 10 * 60_000;
const SAVE_EVERY_MS = 5 * 60_000;

/** Keeps what agents saw, joins both sides of each connection, and gives the CMDB what comes of it. */
export class ObservedRoom {
  private readonly options: ObservedRoomOptions;
  private readonly limits: typeof LIMITS;
  private readonly store: ObservedStore;
  private readonly hosts = new Map<string, ObservedHost>();
  private readonly addresses = new AddressBook();
  private readonly book: SightingBook;
  private part: ObservedPart = {
    document: { vantage: [], cis: [], relations: [], maintenance: [] },
    sights: new Map(),
  };
  private published = { structure: "", all: "", atMs: Number.NEGATIVE_INFINITY };
  private cancelPublish: (() => void) | undefined;
  private cancelSave: (() => void) | undefined;
  private restUntilMs = 0;
  private unsaved = false;
  private working: Promise<void> = Promise.resolve();

  constructor(options: ObservedRoomOptions) {
    this.options = options;
    this.limits = options.limits ?? LIMITS;
    this.store = new ObservedStore(options.folder);
    this.book = new SightingBook(this.limits);
    options.telemetry.gauge("tocsin_observed_relations", () => this.book.size);
  }

  /** What was seen before the restart. */
  async open(): Promise<CmdbDocument> {
    const { hosts, sightings, damaged } = await this.store.read();
    if (damaged > 0) this.options.log.error("a part of what agents saw is damaged and left out", { lines: damaged });
    for (const host of hosts.slice(0, this.limits.hostsMax)) this.keep(host);
    for (const sighting of sightings) this.book.restore(sighting);
    this.rebuild();
    this.published = { ...marksOf(this.part.document), atMs: this.options.clock.monotonic() };
    return this.part.document;
  }

  start(): void {
    this.saveLater();
  }

  /** Takes one agent's observation. In memory at once, on disk before the core has it. */
  observe(told: Observation): ObserveResult {
    const { clock, telemetry, declared } = this.options;
    const ci = declared().find(told.ci)?.id ?? told.ci;
    const known = this.hosts.get(ci);
    if (known === undefined && this.hosts.size >= this.limits.hostsMax) {
      telemetry.count("tocsin_observations_dropped_total", { reason: "tooManyHosts" });
      return { status: "refused", reason: `${this.limits.hostsMax} hosts are observed already` };
    }
    const now = clock.now();
    this.keep(hostAfter(known, ci, told, now));
    const index = declared();
    const { seen, strangers } = join(told, {
      host: ci,
      addresses: this.addresses,
      declared: (address) => index.find(address)?.id,
    });
    const dropped = this.book.dropped;
    this.book.take(ci, seen, now);
    telemetry.count("tocsin_observations_total");
    if (strangers > 0) telemetry.count("tocsin_observed_strangers_total", {}, strangers);
    if (this.book.dropped > dropped)
      telemetry.count("tocsin_observations_dropped_total", { reason: "tooManyRelations" }, this.book.dropped - dropped);
    this.unsaved = true;
    this.publishLater(PUBLISH_AFTER_MS);
    return { status: "taken", joined: seen.length, strangers };
  }

  /** As it was made last: at most some seconds old. */
  current(): ObservedPart {
    return this.part;
  }

  /** By CI: the hosts whose agents tell what they see, and since when. */
  observedHosts(): ReadonlyMap<string, ObservedHost> {
    return this.hosts;
  }

  /** What people declare has changed: what was seen is compared with it anew. */
  declaredChanged(): CmdbDocument {
    this.rebuild();
    this.published = { ...marksOf(this.part.document), atMs: this.options.clock.monotonic() };
    return this.part.document;
  }

  /** When what was begun is done. */
  settled(): Promise<void> {
    return this.working;
  }

  async close(): Promise<void> {
    this.cancelPublish?.();
    this.cancelSave?.();
    this.cancelPublish = undefined;
    await this.working;
    if (this.unsaved) await this.save();
  }

  private keep(host: ObservedHost): void {
    this.hosts.set(host.ci, host);
    this.addresses.claim(
      host.ci,
      [...new Set([host.hostName, ...host.addresses])].filter((name) => name !== "" && name !== "localhost"),
    );
  }

  private publishLater(afterMs: Milliseconds): void {
    if (this.cancelPublish !== undefined) return;
    const { clock, log } = this.options;
    const waitMs = Math.max(afterMs, this.restUntilMs - clock.monotonic());
    this.cancelPublish = clock.after(waitMs, () => {
      this.working = this.publish()
        .catch((error: unknown) => log.error("what agents saw could not be used", { reason: String(error) }))
        .finally(() => {
          this.cancelPublish = undefined;
        });
    });
  }

  private async publish(): Promise<void> {
    const { clock, publish } = this.options;
    const startedMs = clock.monotonic();
    this.retire();
    this.rebuild();
    const marks = marksOf(this.part.document);
    const moved = marks.all !== this.published.all && startedMs - this.published.atMs >= CONFIDENCE_EVERY_MS;
    if (marks.structure !== this.published.structure || moved) {
      await this.save();
      if (await publish(this.part.document)) this.published = { ...marks, atMs: clock.monotonic() };
    }
    this.restUntilMs = clock.monotonic() + PUBLISH_REST_FACTOR * (clock.monotonic() - startedMs);
  }

  private retire(): void {
    const { clock, staleAfterMs } = this.options;
    const now = clock.now();
    this.book.retire(now, staleAfterMs());
    for (const [ci, host] of this.hosts) {
      if (now - host.lastSeenAt <= staleAfterMs()) continue;
      this.hosts.delete(ci);
      this.addresses.claim(ci, []);
    }
  }

  private rebuild(): void {
    const { declared } = this.options;
    const { hosts, addresses, book } = this;
    this.part = observedPart({ hosts, addresses, sightings: book.all(), declared: declared() });
  }

  private saveLater(): void {
    this.cancelSave = this.options.clock.after(SAVE_EVERY_MS, () => {
      this.saveLater();
      // What nobody tells any more must also come to its end.
      this.publishLater(0);
      if (this.unsaved) this.working = this.working.then(() => this.save());
    });
  }

  private async save(): Promise<void> {
    try {
      this.unsaved = false;
      await this.store.write(this.hosts.values(), this.book.all());
    } catch (error) {
      this.unsaved = true;
      this.options.log.warn("what agents saw could not be kept", { reason: String(error) });
    }
  }
}

/** By what one tells whether the core must have it: what there is, and what there is with its confidence. */
function marksOf({ cis, relations }: CmdbDocument): { structure: string; all: string } {
  const structure = createHash("sha1");
  const all = createHash("sha1");
  for (const ci of cis) structure.update(JSON.stringify([ci.id, ci.type, ci.aliases, ci.labels]));
  for (const { from, type, to, confidence } of relations) {
    structure.update(`${from}\n${type}\n${to}\n`);
    all.update(`${from}\n${type}\n${to}\n${confidence}\n`);
  }
  const text = structure.digest("hex");
  return { structure: text, all: all.update(text).digest("hex") };
}

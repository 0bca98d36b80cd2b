import { type Finding, hasErrors } from "../../protocol/finding.ts";
import type { Observation } from "../../protocol/observation.ts";
import { FileWatch } from "../config/document/file-watch.ts";
import type { CmdbDocument, MaintenanceWindow, Relation } from "../core/model/ci.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";
import type {
  CmdbDrift,
  CmdbImportRequest,
  CmdbImportResult,
  CmdbPlan,
  CmdbService,
  CmdbSource,
  ObserveResult,
  Sight,
} from "../port/cmdb.ts";
import type { Intake, IntakeResult } from "../port/intake.ts";
import type { Query } from "../port/query.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";
import { computeDrift } from "./drift.ts";
import { type FileFault, FileSources } from "./file-sources.ts";
import { ImportSources, importRefusal } from "./import-sources.ts";
import { manyGone } from "./many-gone.ts";
import { mergeSources, relationKey } from "./merge.ts";
import { NameIndex } from "./name-index.ts";
import { DeclaredIndex } from "./observed/declared-index.ts";
import { ObservedRoom } from "./observed/observed-room.ts";
import { byCodeUnit, planOf } from "./plan.ts";
import { RetiredStore } from "./retired-store.ts";
import { cisInUse, retiredOf } from "./retired.ts";
import { EMPTY_DOCUMENT, type LoadedSource, OBSERVED, readSource } from "./source.ts";
import { mergeInOrder } from "./source-order.ts";
import { SourceStore } from "./source-store.ts";

export interface CmdbSettings {
  /** Absolute, in the order of their precedence. */
  files: readonly string[];
  /** Windows of `tocsin.yaml`. */
  maintenance: readonly MaintenanceWindow[];
  staleAfterMs: Milliseconds;
  sizeMaxBytes: number;
}

export interface CmdbRoomOptions {
  settings: CmdbSettings;
  /** Where imports and last good texts are kept; made when needed. */
  folder: string;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
}

/** What exists only once the core runs. */
export interface CmdbPorts {
  intake: Intake;
  query: Query;
  /** The document that the core was made with, so that it need not be given it again: a large one takes a second. */
  given?: CmdbDocument;
}

/** How often retired CIs are looked at: is their incident over? */
const SWEEP_MS = 60_000;
const RETRY_MS = 5000;

/**
 * The CMDB's files and imports: reads them, merges them, gives the core the result, and does so again when they change.
 * A source with errors never replaces what it said before. Changes happen one after the other.
 */
export class CmdbRoom implements CmdbService {
  private settings: CmdbSettings;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly fileSources: FileSources;
  private readonly importSources: ImportSources;
  private readonly retiredStore: RetiredStore;
  private files: LoadedSource[] = [];
  private imports: LoadedSource[] = [];
  private retired: CmdbDocument = EMPTY_DOCUMENT;
  private readonly agents: ObservedRoom;
  private observed: CmdbDocument = EMPTY_DOCUMENT;
  private index = new DeclaredIndex(EMPTY_DOCUMENT);
  private merged: CmdbDocument = EMPTY_DOCUMENT;
  private ports: CmdbPorts | undefined;
  private watch: FileWatch | undefined;
  private cancelSweep: (() => void) | undefined;
  private cancelRetry: (() => void) | undefined;
  private tail: Promise<unknown> = Promise.resolve();

  constructor({ settings, folder, clock, log, telemetry }: CmdbRoomOptions) {
    this.settings = settings;
    this.clock = clock;
    this.log = log;
    const store = new SourceStore(folder);
    this.fileSources = new FileSources({ store, clock, log });
    this.importSources = new ImportSources(store, log);
    this.retiredStore = new RetiredStore(store, { clock, log });
    this.agents = new ObservedRoom({
      folder,
      clock,
      log,
      telemetry,
      declared: () => this.index,
      staleAfterMs: () => this.settings.staleAfterMs,
      publish: (document) => this.publish(document),
    });
  }

  /**
   * Reads everything. A file with errors is replaced by its last good text, where there is one.
   *
   * @returns what is wrong; with an error among it there is no CMDB to use, and the collector should not start. Without one
   * it has been logged.
   */
  open(): Promise<Finding[]> {
    return this.inOrder(async () => {
      const { files, sizeMaxBytes } = this.settings;
      this.imports = await this.importSources.open(sizeMaxBytes);
      this.retired = await this.retiredStore.open(sizeMaxBytes);
      const read = await this.fileSources.read(files, [], this.imports, sizeMaxBytes);
      this.files = read.sources;
      this.index = this.indexOf(this.files, this.imports);
      this.observed = await this.agents.open();
      this.merged = this.merge(this.files, this.imports, this.retired);
      await this.fileSources.keepGood(read.good);
      if (!hasErrors(read.findings)) this.fileSources.tell(read.faults);
      return read.findings;
    });
  }

  /** Gives the core the CMDB, where it has not got it yet, and begins to watch the files. */
  start(ports: CmdbPorts): Promise<IntakeResult> {
    this.ports = ports;
    this.rewatch();
    this.cancelSweep = this.clock.after(SWEEP_MS, () => this.sweep());
    this.agents.start();
    return this.inOrder(() =>
      ports.given === this.merged ? Promise.resolve({ status: "committed", outcomes: [] }) : this.submit(this.merged),
    );
  }

  /** Other files, windows or limits after a change of the configuration. */
  async reconfigure(settings: CmdbSettings): Promise<void> {
    this.settings = settings;
    // What has changed with the configuration is read now, and once.
    this.watch?.close();
    try {
      await this.reload();
    } finally {
      this.rewatch();
    }
  }

  /** Reads the files again, and logs what is wrong with them. @returns the same. */
  reload(): Promise<Finding[]> {
    return this.readAgain((faults) => this.fileSources.tell(faults));
  }

  private readAgain(tell: (faults: readonly FileFault[]) => void): Promise<Finding[]> {
    return this.inOrder(async () => {
      const read = await this.fileSources.read(
        this.settings.files,
        this.files,
        this.imports,
        this.settings.sizeMaxBytes,
      );
      tell(read.faults);
      const taken = await this.takeOver(read.sources, this.imports);
      if (taken.status === "committed") {
        await this.fileSources.keepGood(read.good);
        this.log.info("the CMDB was read again", {
          cis: this.merged.cis.length,
          relations: this.merged.relations.length,
        });
      } else {
        this.cancelRetry?.();
        this.cancelRetry = this.clock.after(taken.status === "overloaded" ? taken.retryAfterMs : RETRY_MS, () =>
          this.reloadLater(() => this.readAgain(() => undefined)),
        );
      }
      return read.findings;
    });
  }

  document(): CmdbDocument {
    return this.merged;
  }

  sources(): CmdbSource[] {
    const { cis, relations } = this.observed;
    const sources: CmdbSource[] = [...this.files, ...this.imports].map(({ document, ...source }) => ({
      ...source,
      cis: document.cis.length,
      relations: document.relations.length,
    }));
    const counts = { cis: cis.length, relations: relations.length };
    const loadedAt = [...this.agents.observedHosts().values()].reduce((at, host) => Math.max(at, host.lastSeenAt), 0);
    if (loadedAt === 0) return sources;
    return [...sources, { name: OBSERVED, kind: "agents", observed: true, ...counts, loadedAt, findings: [] }];
  }

  declared(): CmdbDocument {
    return this.index.document;
  }

  observe(observation: Observation): ObserveResult {
    return this.agents.observe(observation);
  }

  sight(relation: Pick<Relation, "from" | "type" | "to">): Sight | undefined {
    return this.agents.current().sights.get(relationKey(relation));
  }

  import(request: CmdbImportRequest): Promise<CmdbImportResult> {
    return this.inOrder(async () => {
      const refusal = importRefusal(request.source, this.imports);
      return refusal === undefined ? this.importNow(request) : { status: "refused", ...refusal };
    });
  }

  drift(): CmdbDrift {
    const isObserved = ({ observed }: LoadedSource): boolean => observed;
    const relationsOf = (sources: readonly LoadedSource[]) => sources.flatMap(({ document }) => document.relations);
    const unknown = this.ports?.query.cmdb().cis.filter(({ known }) => !known) ?? [];
    const names = NameIndex.of(this.merged.cis);
    return computeDrift({
      idOf: (name) => names.idOf(name),
      declared: this.index,
      declaredRelations: relationsOf([...this.files, ...this.imports.filter((source) => !isObserved(source))]),
      imported: relationsOf(this.imports.filter(isObserved)),
      agents: { hosts: this.agents.observedHosts(), part: this.agents.current() },
      unknownCis: unknown.map(({ id }) => id),
      now: this.clock.now(),
      staleAfterMs: this.settings.staleAfterMs,
    });
  }

  /** When every change that was begun is done. */
  async settled(): Promise<void> {
    await this.agents.settled();
    await this.tail;
  }

  async close(): Promise<void> {
    this.watch?.close();
    this.cancelSweep?.();
    this.cancelRetry?.();
    await this.agents.close();
    await this.tail;
  }

  /** One change after the other; a failure of one does not stop the next. */
  private inOrder<T>(act: () => Promise<T>): Promise<T> {
    const result = this.tail.then(act);
    this.tail = result.catch(() => undefined);
    return result;
  }

  private merge(files: readonly LoadedSource[], imports: readonly LoadedSource[], retired: CmdbDocument): CmdbDocument {
    const { maintenance } = this.settings;
    return mergeInOrder({ files, imports, observed: this.observed, maintenance, retired }, this.log);
  }

  /** What people declare, for the comparison with what agents see. */
  private indexOf(files: readonly LoadedSource[], imports: readonly LoadedSource[]): DeclaredIndex {
    const declared = imports.filter(({ observed }) => !observed);
    return new DeclaredIndex(mergeSources([...files, ...declared]).document);
  }

  /** What agents saw has changed. */
  private publish(document: CmdbDocument): Promise<boolean> {
    return this.inOrder(async () => {
      const before = this.observed;
      this.observed = document;
      const { status } = await this.takeOver(this.files, this.imports);
      if (status !== "committed") this.observed = before;
      return status === "committed";
    });
  }

  private async submit(document: CmdbDocument): Promise<IntakeResult> {
    if (this.ports === undefined) return { status: "committed", outcomes: [] };
    return this.ports.intake.submit([{ kind: "topology", cmdb: document }], "command");
  }

  private inUse(): Promise<Set<string>> {
    return this.ports === undefined ? Promise.resolve(new Set()) : cisInUse(this.ports.query);
  }

  /** Takes over what the sources say now, once the core has it; what is gone and still in use is retired. */
  private async takeOver(files: LoadedSource[], imports: LoadedSource[]): Promise<IntakeResult> {
    const { index, observed } = this;
    if (files !== this.files || imports !== this.imports) {
      this.index = this.indexOf(files, imports);
      this.observed = this.agents.declaredChanged();
    }
    const plain = this.merge(files, imports, EMPTY_DOCUMENT);
    const retired = retiredOf(this.merged, plain, await this.inUse());
    const document = retired.cis.length === 0 ? plain : this.merge(files, imports, retired);
    const result = await this.submit(document);
    if (result.status !== "committed") {
      this.index = index;
      this.observed = observed;
      return result;
    }
    const changed = retired.cis.length > 0 || this.retired.cis.length > 0;
    this.files = files;
    this.imports = imports;
    this.retired = retired;
    this.merged = document;
    if (changed) await this.retiredStore.keep(retired);
    return result;
  }

  private async importNow({ source, observed, text, file, dryRun }: CmdbImportRequest): Promise<CmdbImportResult> {
    const now = this.clock.now();
    const last = this.imports.find(({ name }) => name === source);
    const same = await this.importSources.sameAsBefore({ observed, text }, last);
    if (same !== undefined) {
      const plan = planOf(source, same.document, same.document, await this.inUse());
      return { status: dryRun === true ? "planned" : "applied", plan, findings: [...same.findings] };
    }
    const others = [...this.files, ...this.imports.filter(({ name }) => name !== source)];
    const read = { file, text, source, observedAt: observed ? now : null, sizeMaxBytes: this.settings.sizeMaxBytes };
    const result = await readSource(read, others);
    if (result.status === "broken") return { status: "invalid", findings: result.findings };
    const { document, findings } = result;
    const plan = planOf(source, last?.document ?? EMPTY_DOCUMENT, document, await this.inUse());
    const isPlan = dryRun === "ifManyGone" ? manyGone(plan.counts, document.cis.length) !== null : dryRun;
    if (isPlan) return { status: "planned", plan, findings };
    const loaded: LoadedSource = { name: source, kind: "import", observed, document, loadedAt: now, findings };
    return this.applyImport(loaded, { text, file }, plan);
  }

  /** The text is on disk before the core has it, and takes its place after: a failure at any point changes nothing. */
  private async applyImport(
    loaded: LoadedSource,
    content: { text: string; file: string },
    plan: CmdbPlan,
  ): Promise<CmdbImportResult> {
    const { name, findings } = loaded;
    const imports = [...this.imports.filter((other) => other.name !== name), loaded].sort((a, b) =>
      byCodeUnit(a.name, b.name),
    );
    const before = this.imports;
    try {
      const stored = await this.importSources.prepare(loaded, content);
      const taken = await this.takeOver(this.files, imports);
      if (taken.status !== "committed") {
        await stored.discard();
        return {
          status: "unavailable",
          reason: taken.status === "overloaded" ? "the collector is overloaded" : taken.reason,
        };
      }
      await stored.commit();
    } catch (error) {
      // Whatever the core was given meanwhile: what is not on disk would be gone after the next restart.
      if (this.imports === imports) await this.takeOver(this.files, before);
      return { status: "unavailable", reason: `the import could not be stored: ${messageOf(error)}` };
    }
    this.log.info("a CMDB import was applied", { source: name, ...plan.counts });
    return { status: "applied", plan, findings: [...findings] };
  }

  private async dropRetired(): Promise<void> {
    if (this.retired.cis.length === 0) return;
    const inUse = await this.inUse();
    if (this.retired.cis.every(({ id }) => inUse.has(id.toLowerCase()))) return;
    await this.takeOver(this.files, this.imports);
  }

  private rewatch(): void {
    this.watch?.close();
    this.watch = new FileWatch(this.settings.files, {
      clock: this.clock,
      marks: this.fileSources.marks,
      onChange: () => this.reloadLater(() => this.reload()),
      onTrouble: (reason) => this.log.warn("a CMDB file is watched less closely", { reason }),
    });
  }

  private reloadLater(reload: () => Promise<unknown>): void {
    reload().catch((error: unknown) => this.log.error("reading the CMDB again failed", { reason: messageOf(error) }));
  }

  private sweep(): void {
    this.cancelSweep = this.clock.after(SWEEP_MS, () => this.sweep());
    this.inOrder(() => this.dropRetired()).catch((error: unknown) =>
      this.log.error("retired configuration items could not be removed", { reason: messageOf(error) }),
    );
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

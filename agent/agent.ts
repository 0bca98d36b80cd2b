import { uptime } from "node:os";
import { join } from "node:path";
import { AGENT_ATTRIBUTES, AGENT_SERVICE_NAME } from "../protocol/agent-resource.ts";
import { OtlpMetricsWriter } from "../protocol/otlp-write.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { BlackBox } from "./evaluate/black-box.ts";
import { createDiagnosticRequests } from "./evaluate/diagnostic-requests.ts";
import { ConditionBook } from "./evaluate/condition-book.ts";
import { EdgeDetection } from "./evaluate/edge-detection.ts";
import { LearnedState } from "./evaluate/learned-state.ts";
import { RuleSource } from "./evaluate/rule-source.ts";
import { renderExposition } from "./expose/exposition.ts";
import type { MetricsServer } from "./expose/metrics-server.ts";
import { gapEvents } from "./gap-event.ts";
import { OwnMetrics } from "./own-metrics.ts";
import { Round } from "./round.ts";
import { openPost, type Post } from "./post.ts";
import { Recorder } from "./sample/recorder.ts";
import { Sampler } from "./sample/sampler.ts";
import { SeriesTable } from "./sample/series-table.ts";
import type { AgentSurroundings } from "./surroundings.ts";
import { WatchRunner } from "./watch/watch-runner.ts";

/** Conditions of watches are looked at within a minute or so; after this they were not seen again. */
const WATCH_GRACE_MS = 5 * 60_000;
const EXPIRES_AFTER_MS = 10 * 60_000;

/** What is found wrong: rules, where they come from, and what was told. */
interface Evaluation {
  book: ConditionBook;
  blackBox: BlackBox;
  detection: EdgeDetection;
  rules: RuleSource;
}

interface Parts extends Post, Evaluation {
  table: SeriesTable;
  watches: WatchRunner;
  round: Round;
}

/** One agent on one data directory. Made by `open`, runs from `start` to `stop`. */
export class Agent {
  readonly #config: AgentConfig;
  readonly #around: AgentSurroundings;
  readonly #parts: Parts;
  #server: MetricsServer | null = null;
  #cancelRound: () => void = () => undefined;
  #nextRoundAtMs = 0;
  #toldFailure = "";

  private constructor(config: AgentConfig, around: AgentSurroundings, parts: Parts) {
    this.#config = config;
    this.#around = around;
    this.#parts = parts;
  }

  static async open(config: AgentConfig, around: AgentSurroundings): Promise<Agent> {
    const ci = config.ci ?? around.hostName;
    const post = openPost(config, around, ci);
    const evaluation = openEvaluation(config, around, { ci, post });
    const table = new SeriesTable();
    table.bootedAt = around.clock.now() - uptime() * 1000;
    const { clock, log } = around;
    const list = await around.createWatches(
      { clock, log, table, book: evaluation.book },
      { ci, collectors: post.collectors, nextId: post.nextId, send: post.event },
    );
    if (config.recorder)
      list.push(
        createDiagnosticRequests({
          clock,
          log,
          ci,
          collectors: post.collectors,
          diagnose: (by) => evaluation.blackBox.request(by),
        }),
      );
    const watches = new WatchRunner(list, { clock, log, table });
    const round = openRound(config, around, { ci, table, watches, ...post, ...evaluation });
    const agent = new Agent(config, around, { table, watches, round, ...post, ...evaluation });
    if (config.expose !== null) {
      // A server is loaded only for those who ask for it.
      const { MetricsServer: Server } = await import("./expose/metrics-server.ts");
      agent.#server = new Server(() => agent.exposition(), log);
    }
    await evaluation.rules.begin();
    evaluation.book.unconfirm("watch", () => WATCH_GRACE_MS);
    return agent;
  }

  /** Gets a token of its own where it has an enrolment token and none yet; one attempt, others follow while it runs. */
  async enrol(): Promise<void> {
    await this.#parts.enrolment?.enrol();
  }

  /** The first round is now; the further ones begin at a random moment of the interval, so that a fleet does not beat as one. */
  start(): void {
    const { clock, random } = this.#around;
    const { expose, rules, intervalMs, recorder } = this.#config;
    if (expose !== null) this.#server?.listen(expose.host, expose.port);
    if (recorder) this.#parts.blackBox.start();
    this.#parts.round.run();
    if (rules.fetch) this.#parts.rules.poll();
    this.#parts.enrolment?.start();
    this.#parts.remote?.begin();
    this.#nextRoundAtMs = clock.monotonic() + Math.max(1000, intervalMs * random());
    this.#schedule();
  }

  /** Two rounds a second apart, so that rates are known; sends them. Says whether a collector took everything. */
  async once(): Promise<boolean> {
    const { clock } = this.#around;
    if (this.#config.rules.fetch) await this.#parts.rules.fetch();
    this.#parts.round.run();
    await new Promise<void>((done) => {
      clock.after(1000, done);
    });
    this.#parts.round.run();
    return this.#parts.sender.flush();
  }

  /** Sends what is there for at most `withinMs`, then leaves everything in order on disk. */
  async stop(withinMs: number): Promise<void> {
    const { clock, data, transport, log } = this.#around;
    this.#cancelRound();
    this.#parts.blackBox.stop();
    this.#parts.rules.stop();
    this.#parts.enrolment?.stop();
    this.#parts.remote?.stop();
    this.#server?.close();
    this.#parts.watches.stop();
    const sent = await Promise.race([
      this.#parts.sender.flush(),
      new Promise<false>((done) => {
        clock.after(withinMs, () => done(false));
      }),
    ]);
    this.#parts.sender.stop();
    transport.close();
    this.#parts.detection.close();
    this.#parts.book.save();
    this.#parts.spool.close();
    data.release();
    log.info("stopped", { allSent: sent, pending: this.#parts.spool.pending("metric").records });
  }

  /** Data points that wait to be sent, and what they take on disk. */
  backlog(): { pending: number; sizeBytes: number } {
    const { spool } = this.#parts;
    return { pending: spool.pending("metric").items, sizeBytes: spool.sizeBytes };
  }

  /** Sends the recorder's minutes and what goes on now; `by` says who asked. */
  async diagnose(by: string): Promise<void> {
    if (this.#config.recorder) await this.#parts.blackBox.request(by);
  }

  exposition(): string {
    const since = this.#around.clock.now() - Math.max(30_000, 5 * this.#config.intervalMs);
    return renderExposition(
      this.#parts.table.metrics().flatMap((metric) => metric.points),
      since,
    );
  }

  #schedule(): void {
    const { clock, data, log, restart } = this.#around;
    const { intervalMs } = this.#config;
    const waitMs = Math.max(0, this.#nextRoundAtMs - clock.monotonic());
    this.#cancelRound = clock.after(waitMs, () => {
      if (restart !== undefined && data.isGone()) {
        log.error("the data directory was removed; the agent begins anew with an empty one", { path: data.path });
        restart();
        return;
      }
      try {
        this.#parts.round.run();
        this.#toldFailure = "";
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        // Each trouble once: a log that fills the disk helps nobody.
        if (text !== this.#toldFailure) log.error("a round failed", { error: text });
        this.#toldFailure = text;
      }
      // After a suspend, or on a host without time for us, rounds that were missed stay missed.
      const behind = clock.monotonic() - this.#nextRoundAtMs;
      this.#nextRoundAtMs += intervalMs * (1 + Math.floor(Math.max(0, behind) / intervalMs));
      this.#schedule();
    });
  }
}

function openEvaluation(
  config: AgentConfig,
  around: AgentSurroundings,
  { ci, post }: { ci: string; post: Post },
): Evaluation {
  const { clock, random, log, data } = around;
  const book: ConditionBook = new ConditionBook({
    ci,
    clock,
    log,
    path: join(data.path, "conditions.json"),
    nextId: post.nextId,
    send: post.event,
    expiresAfterMs: Math.max(EXPIRES_AFTER_MS, 5 * config.intervalMs),
    onTold: (owner, condition) => {
      if (config.recorder) blackBox.capture(owner, condition);
    },
  });
  const { files } = around;
  const blackBox = new BlackBox({
    files,
    clock,
    log,
    book,
    ci,
    recorder: new Recorder(files),
    nextId: post.nextId,
    send: post.event,
  });
  const learned = new LearnedState(join(data.path, "learned.state"), log);
  const detection = new EdgeDetection({ ci, book, clock, log, learned });
  const rules = new RuleSource({
    collectors: post.collectors,
    verifier: post.verifier,
    clock,
    random,
    log,
    path: join(data.path, "rules.json"),
    everyMs: config.rules.everyMs,
    bundled: around.bundledRules,
    use: (list) => detection.use(list),
  });
  return { book, blackBox, detection, rules };
}

function openRound(
  config: AgentConfig,
  around: AgentSurroundings,
  parts: Omit<Parts, "round"> & { ci: string },
): Round {
  const { clock, log, version } = around;
  const { ci, table, spool, sender } = parts;
  return new Round({
    ...parts,
    clock,
    log,
    sampler: new Sampler(around.createCollectors({ files: around.files, table }), { table, clock, log }),
    own: new OwnMetrics({ table, spool, sender, offset: parts.collectors.offset, version, startedAt: clock.now() }),
    writer: new OtlpMetricsWriter({
      resource: resourceOf(config, around, ci),
      scope: { name: AGENT_SERVICE_NAME, version },
    }),
    reportGaps: (at) => {
      for (const event of gapEvents(spool.takeGaps(), { ci, at, nextId: parts.nextId })) parts.event(event);
    },
  });
}

function resourceOf(config: AgentConfig, around: AgentSurroundings, ci: string): Record<string, string | number> {
  return {
    [AGENT_ATTRIBUTES.serviceName]: AGENT_SERVICE_NAME,
    "service.version": around.version,
    [AGENT_ATTRIBUTES.agentId]: around.identity.agentId,
    [AGENT_ATTRIBUTES.hostName]: around.hostName,
    "os.type": process.platform,
    [AGENT_ATTRIBUTES.ci]: ci,
    [AGENT_ATTRIBUTES.intervalMs]: config.intervalMs,
    ...(around.once === true && { [AGENT_ATTRIBUTES.once]: "true" }),
  };
}

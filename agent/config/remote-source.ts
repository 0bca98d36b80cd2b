import { AGENT_CONFIGURATION_PATH, type AgentConfigurationDocument } from "../../protocol/agent-document.ts";
import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Collectors } from "../send/collectors.ts";
import type { DocumentVerifier } from "../send/document-verifier.ts";
import { saysOf } from "../send/verdict.ts";
import { readRemoteState, type RemoteState, type RemoteUse, retryAfterMs, writeRemoteState } from "./remote-state.ts";

export interface RemoteSourceOptions {
  collectors: Collectors;
  verifier: DocumentVerifier;
  clock: Clock;
  random: Random;
  log: Log;
  /** File of the state. */
  path: string;
  ci: string;
  everyMs: number;
  /** With what this process began. */
  use: RemoteUse;
  /** When a collector last took something; milliseconds since 1970, 0 = never. */
  lastAcceptedAt: () => number;
  /** Ends this process in good order and begins anew with what is in the state. */
  restart: () => void;
}

/** Under a new configuration the agent must have sent something within this time; else the one before comes back. */
const TRIAL_MS = 60_000;
const TRIAL_LOOK_MS = 1000;
const TEXT_CHARACTERS_MAX = 50_000;

/**
 * Configuration from the collector: fetched now and then, taken only when it is signed with the pinned key, for this CI, and newer;
 * then on trial. A trial that fails brings back what was before, and is tried again later and later: perhaps it was the network.
 */
export class RemoteSource {
  readonly #options: RemoteSourceOptions;
  #state: RemoteState;
  #cancel: () => void = () => undefined;
  #stopped = false;
  #told = "";

  constructor(options: RemoteSourceOptions) {
    this.#options = options;
    this.#state = readRemoteState(options.path);
  }

  /** To be called once this process has the data directory to itself. */
  begin(): void {
    const { use, log, clock } = this.#options;
    const { trial } = this.#state;
    if (trial === null) {
      this.#poll();
      return;
    }
    if (use.kind === "trial") {
      this.#save({ trial: { ...trial, starts: trial.starts + 1 } });
      log.info("a new configuration from the collector is on trial", { version: trial.version });
      this.#watchTrial(clock.monotonic() + TRIAL_MS);
      return;
    }
    this.#reject(use.fault ?? "it was not used", use.fault === null || !isMistake(use.fault));
    this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** One question. Never throws: whatever comes of it, the agent has a configuration. */
  async fetch(): Promise<void> {
    const { collectors, verifier, ci } = this.#options;
    if (!verifier.isPinned || this.#state.trial !== null) return;
    const isRetry = this.#isRetryDue();
    const { etag } = this.#state;
    const { answer, url } = await collectors.send({
      method: "GET",
      path: `${AGENT_CONFIGURATION_PATH}?ci=${encodeURIComponent(ci)}`,
      headers: { accept: "application/json", ...(etag === null || isRetry ? {} : { "if-none-match": etag }) },
    });
    // 404: a collector that knows of no such thing. What else keeps us from it, the sender tells.
    if (answer.kind === "failed" || answer.status === 304 || answer.status === 404 || this.#stopped) return;
    if (answer.status !== 200) {
      this.#tell(`HTTP ${answer.status}${saysOf(answer.body)}`, url);
      return;
    }
    try {
      const fault = await verifier.fault("configuration", answer);
      if (fault !== null) throw new Error(fault);
      this.#take(this.#read(answer.body), answer.headers["etag"] ?? null);
    } catch (error) {
      this.#tell(String(error), url);
    }
  }

  #read(body: Buffer): AgentConfigurationDocument {
    const document = JSON.parse(body.toString("utf8")) as Partial<AgentConfigurationDocument>;
    const { version, ci, configuration } = document;
    if (typeof version !== "number" || typeof configuration !== "string") throw new Error("it is no configuration");
    if (ci !== this.#options.ci) throw new Error(`it is for ${String(ci).slice(0, 100)}`);
    if (configuration.length > TEXT_CHARACTERS_MAX) throw new Error(`it has ${configuration.length} characters`);
    if (version < this.#state.version)
      throw new Error(`it is older (${version}) than the one that is known (${this.#state.version})`);
    return { version, ci, configuration };
  }

  #take({ version, configuration: text }: AgentConfigurationDocument, etag: string | null): void {
    const { rejected, current } = this.#state;
    this.#told = "";
    if (text === current) {
      if (version !== this.#state.version || etag !== this.#state.etag)
        this.#save({ version, etag, rejected: rejected?.version === version ? rejected : null });
      return;
    }
    if (rejected?.version === version && !this.#isRetryDue()) return;
    // A trial that is not on disk could not be undone.
    if (!this.#save({ version, trial: { text, version, etag, starts: 0 } })) return;
    this.#options.log.info("a new configuration from the collector; beginning anew with it", { version });
    this.#options.restart();
  }

  /** Until something was sent, or the time is up. */
  #watchTrial(untilMs: number): void {
    const { clock, log, lastAcceptedAt, restart } = this.#options;
    if (this.#stopped) return;
    if (lastAcceptedAt() > 0) {
      const { text: current, version, etag } = this.#state.trial!;
      this.#save({ current, version, etag, trial: null, rejected: null });
      log.info("the configuration from the collector is in use", { version });
      this.#poll();
      return;
    }
    if (clock.monotonic() >= untilMs && this.#reject(`nothing could be sent within ${TRIAL_MS / 1000} s`, true)) {
      restart();
      return;
    }
    this.#cancel = clock.after(TRIAL_LOOK_MS, () => this.#watchTrial(untilMs));
  }

  /** Says whether that is on disk. */
  #reject(reason: string, mayRetry: boolean): boolean {
    const { clock, log } = this.#options;
    const { version } = this.#state.trial!;
    const before = this.#state.rejected;
    const tries = (before?.version === version ? before.tries : 0) + 1;
    const retryAt = mayRetry ? clock.now() + retryAfterMs(tries) : null;
    if (!this.#save({ trial: null, rejected: { version, reason, tries, retryAt }, etag: null })) return false;
    log.error("the collector's configuration is not used; the one before stays", { version, reason, tries });
    return true;
  }

  #isRetryDue(): boolean {
    const { rejected } = this.#state;
    return rejected !== null && rejected.retryAt !== null && this.#options.clock.now() >= rejected.retryAt;
  }

  #poll(): void {
    const { clock, random, everyMs } = this.#options;
    if (this.#stopped) return;
    void this.fetch().finally(() => {
      if (this.#stopped) return;
      // Spread, so that a fleet that was started together does not ask together.
      this.#cancel = clock.after(everyMs * (0.75 + 0.5 * random()), () => this.#poll());
    });
  }

  /** Says whether it is on disk; only then it is so. */
  #save(change: Partial<RemoteState>): boolean {
    const state = { ...this.#state, ...change };
    try {
      writeRemoteState(this.#options.path, state);
      this.#state = state;
      return true;
    } catch (error) {
      this.#tell(String(error), this.#options.path);
      return false;
    }
  }

  #tell(reason: string, url: string): void {
    if (reason === this.#told) return;
    this.#told = reason;
    this.#options.log.warn("the collector's configuration cannot be used; the one before stays", { url, reason });
  }
}

/** A finding's code stands before it: the text itself is wrong, and trying again helps nobody. */
const isMistake = (fault: string): boolean => /^[A-Z_]+: /.test(fault);

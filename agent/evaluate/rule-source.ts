import { AGENT_RULES_PATH } from "../../protocol/agent-resource.ts";
import { checkRules } from "../../rules/detect/check-rules.ts";
import type { Rule } from "../../rules/detect/rule.ts";
import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Collectors } from "../send/collectors.ts";
import type { DocumentVerifier } from "../send/document-verifier.ts";
import { saysOf } from "../send/verdict.ts";
import { readState, writeState } from "../spool/state-file.ts";

export interface RuleSourceOptions {
  collectors: Collectors;
  verifier: DocumentVerifier;
  clock: Clock;
  random: Random;
  log: Log;
  /** File that keeps the last good rules. */
  path: string;
  everyMs: number;
  /** The last resort. */
  bundled: () => Promise<readonly Rule[]>;
  /** Takes them into use; throws where they cannot be. */
  use: (rules: readonly Rule[], origin: string) => void;
}

interface Stored {
  etag: string;
  /** The collector's; 0 where it said none. */
  version: number;
  /** Their signature was verified before they were kept. */
  isVerified: boolean;
  rules: Rule[];
}

/**
 * Where the agent's rules come from: the collector, asked now and then with an ETag; else the last good ones from disk; else
 * those that came with the agent. Rules that cannot be used are told, and the ones before stay. Where a signing key is pinned,
 * that goes for rules that are not signed with it, or older than those that are known.
 */
export class RuleSource {
  readonly #options: RuleSourceOptions;
  #etag: string | null = null;
  #version = 0;
  #cancel: () => void = () => undefined;
  #stopped = false;
  #toldReason = "";

  constructor(options: RuleSourceOptions) {
    this.#options = options;
  }

  /** Takes the best rules that are at hand into use; does not wait for the network. */
  async begin(): Promise<void> {
    const { path, use, bundled, log, verifier } = this.#options;
    const stored = readState(path) as Stored | null;
    if (stored !== null && verifier.isPinned && !stored.isVerified)
      log.warn("the rules on disk came before a signing key was pinned; they are not used");
    else if (stored !== null) {
      try {
        use(stored.rules, "disk");
        this.#etag = stored.etag;
        this.#version = stored.version ?? 0;
        return;
      } catch (error) {
        log.warn("the rules on disk cannot be used", { error: String(error) });
      }
    }
    use(await bundled(), "bundle");
  }

  /** Asks the collector now, and then again and again. */
  poll(): void {
    void this.fetch().finally(() => {
      if (this.#stopped) return;
      // Spread, so that a fleet that was started together does not ask together.
      const waitMs = this.#options.everyMs * (0.75 + 0.5 * this.#options.random());
      this.#cancel = this.#options.clock.after(waitMs, () => this.poll());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** One question. Never throws: whatever comes of it, the agent has rules. */
  async fetch(): Promise<void> {
    const { collectors, use, path, log, verifier } = this.#options;
    const headers: Record<string, string> = { accept: "application/json" };
    if (this.#etag !== null) headers["if-none-match"] = this.#etag;
    const { answer, url } = await collectors.send({ method: "GET", path: AGENT_RULES_PATH, headers });
    // Not reachable: the sender already tells that.
    if (answer.kind === "failed" || answer.status === 304) return;
    if (answer.status !== 200) {
      this.#tell(`HTTP ${answer.status}${saysOf(answer.body)}`, url);
      return;
    }
    try {
      const fault = await verifier.fault("rules", answer);
      if (fault !== null) throw new Error(fault);
      const { rules, version } = parseRules(answer.body.toString("utf8"));
      if (verifier.isPinned && version < this.#version)
        throw new Error(`they are older (${version}) than those that are known (${this.#version})`);
      use(rules, url);
      this.#etag = answer.headers["etag"] ?? null;
      this.#version = version;
      this.#toldReason = "";
      log.info("new rules from the collector", { url, rules: rules.length, version });
      const stored: Stored = { etag: this.#etag ?? "", version, isVerified: verifier.isPinned, rules };
      writeState(path, stored, false);
    } catch (error) {
      this.#tell(String(error), url);
    }
  }

  #tell(reason: string, url: string): void {
    if (reason === this.#toldReason) return;
    this.#toldReason = reason;
    this.#options.log.warn("the collector's rules cannot be used; the ones before stay", { url, reason });
  }
}

/** An `AgentRulesDocument` as AGENT_RULES_PATH answers; rules that the detector could not bear are refused as a whole. */
function parseRules(text: string): { rules: Rule[]; version: number } {
  const { rules, version } = JSON.parse(text) as { rules?: unknown; version?: unknown };
  const checked = checkRules(rules);
  if ("problem" in checked) throw new Error(`the answer's rules cannot be used: ${checked.problem}`);
  return { rules: checked.rules, version: typeof version === "number" ? version : 0 };
}

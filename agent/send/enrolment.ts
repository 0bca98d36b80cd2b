import {
  AGENT_ENROL_PATH,
  AGENT_TOKEN_PATH,
  ENROLMENT_TOKEN_PATTERN,
  type EnrolmentAnswer,
  type EnrolmentRequest,
  type TokenAnswer,
} from "../../protocol/agent-enrolment.ts";
import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import { randomBytes } from "../random-bytes.ts";
import { readState, writeState } from "../spool/state-file.ts";
import type { Tokens } from "./token.ts";
import type { HttpAnswer, Transport } from "./transport.ts";

/** What the collector gave, as it stands in the data directory. */
interface Credential {
  agentId: string;
  ci: string;
  /** Id of the enrolment token that was used for it. */
  enrolment: string;
  token: string;
  /** Made and perhaps told already, not taken into use. */
  next: string | null;
  /** Wall clock. */
  renewAt: number;
  /** PEM. */
  signingKey: string;
}

/** An exchange that has begun: the same token is offered until an answer comes. */
interface Offer {
  enrolment: string;
  token: string;
}

interface Stored {
  credential: Credential | null;
  offer: Offer | null;
}

export interface EnrolmentOptions {
  /** File of the credential. */
  path: string;
  urls: readonly string[];
  transport: Transport;
  clock: Clock;
  random: Random;
  log: Log;
  agentId: string;
  ci: string;
  /** The enrolment token that is there now; null = none. */
  enrolmentToken: () => string | null;
  timeoutMs: number;
  userAgent: string;
}

type Outcome = "done" | "nothing" | "later" | "refused";

/** How long after an attempt that failed or was refused the next may follow. */
const RETRY_MS = { later: 15_000, refused: 60_000 } as const;
const LOOK_AT_LEAST_EVERY_MS = 3_600_000;
const LOOK_AT_MOST_EVERY_MS = 1000;

/**
 * The agent's own token: got once for an enrolment token, renewed by itself after a third of its life, kept in the data directory.
 * The agent makes its tokens and writes them down before it tells them, so that neither a crash nor a lost answer loses one.
 */
export class Enrolment implements Tokens {
  readonly #options: EnrolmentOptions;
  #stored: Stored;
  #attempt: Promise<Outcome> | null = null;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #cancel: () => void = () => undefined;
  #stopped = false;
  #told = "";
  /** The token that was last refused. */
  #lastRefused: string | null;

  constructor(options: EnrolmentOptions) {
    this.#options = options;
    this.#stored = usable(readState(options.path), options);
    this.#lastRefused = this.current;
  }

  get current(): string | null {
    return this.#stored.credential?.token ?? null;
  }

  /** The collector's key, from the moment of enrolment on. */
  get signingKey(): string | null {
    return this.#stored.credential?.signingKey ?? null;
  }

  /** Begins an attempt where there is an enrolment token that was not used; true when an earlier one has brought a token. */
  refresh(): boolean {
    void this.enrol();
    const isNew = this.current !== this.#lastRefused;
    this.#lastRefused = this.current;
    return isNew;
  }

  /** Enrols where that is wanted and not done; one attempt. Never throws. */
  async enrol(): Promise<void> {
    if (this.#attempt !== null) {
      await this.#attempt;
      return;
    }
    if (this.#options.clock.monotonic() < this.#notBeforeMs) return;
    await this.#run(() => this.#exchange());
  }

  /** Renews the token whenever it is time. */
  start(): void {
    if (this.#stopped) return;
    const { clock, random } = this.#options;
    const leftMs = (this.#stored.credential?.renewAt ?? Number.POSITIVE_INFINITY) - clock.now();
    const waitMs = Math.min(LOOK_AT_LEAST_EVERY_MS, Math.max(LOOK_AT_MOST_EVERY_MS, leftMs)) * (1 + 0.1 * random());
    this.#cancel = clock.after(waitMs, () => {
      void this.#renewWhenDue().finally(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #renewWhenDue(): Promise<void> {
    const { clock } = this.#options;
    const { credential } = this.#stored;
    if (credential === null || clock.now() < credential.renewAt || clock.monotonic() < this.#notBeforeMs) return;
    if (this.#attempt === null) await this.#run(() => this.#renew(credential));
  }

  async #run(act: () => Promise<Outcome>): Promise<void> {
    const { clock, log } = this.#options;
    this.#attempt = act().catch((error: unknown): Outcome => {
      log.error("the credential could not be kept", { error: String(error) });
      return "refused";
    });
    const outcome = await this.#attempt;
    this.#attempt = null;
    if (outcome === "later" || outcome === "refused") this.#notBeforeMs = clock.monotonic() + RETRY_MS[outcome];
    else this.#told = "";
  }

  async #exchange(): Promise<Outcome> {
    const { enrolmentToken, agentId, ci, log, clock } = this.#options;
    const given = enrolmentToken();
    if (given === null) return "nothing";
    const parts = ENROLMENT_TOKEN_PATTERN.exec(given)?.groups;
    if (parts === undefined) return this.#refused("the enrolment token is none; `tocsin enrol` makes one");
    const { id = "", fingerprint = "" } = parts;
    if (this.#stored.credential?.enrolment === id) return "nothing";
    if (this.#stored.offer?.enrolment !== id) this.#save({ offer: { enrolment: id, token: newToken() } });
    const { token } = this.#stored.offer!;
    const answer = await this.#post(AGENT_ENROL_PATH, given, { agentId, ci, token } satisfies EnrolmentRequest);
    const body = this.#read(answer);
    if (typeof body === "string") return body;
    const { signingKey, expiresInMs } = body as Partial<EnrolmentAnswer>;
    if (typeof signingKey !== "string" || typeof expiresInMs !== "number")
      return this.#refused("the answer is none of a collector");
    if ((await fingerprintOf(signingKey)) !== fingerprint)
      return this.#refused(
        "the collector's signing key is not the one that the enrolment token names: is it the right one?",
      );
    const renewAt = clock.now() + expiresInMs / 3;
    this.#save({ credential: { agentId, ci, enrolment: id, token, next: null, renewAt, signingKey }, offer: null });
    log.info("enrolled", { ci, enrolment: id });
    return "done";
  }

  async #renew(credential: Credential): Promise<Outcome> {
    const { clock, log } = this.#options;
    const next = credential.next ?? newToken();
    if (credential.next === null) this.#save({ credential: { ...credential, next } });
    const body = this.#read(await this.#post(AGENT_TOKEN_PATH, credential.token, { token: next }));
    if (typeof body === "string") return body;
    const { expiresInMs } = body as Partial<TokenAnswer>;
    if (typeof expiresInMs !== "number") return this.#refused("the answer is none of a collector");
    const renewAt = clock.now() + expiresInMs / 3;
    this.#save({ credential: { ...credential, token: next, next: null, renewAt } });
    log.info("the agent's own credential was renewed");
    return "done";
  }

  /** The answer's document, or what is to be done without one. */
  #read(answer: HttpAnswer): object | Outcome {
    if (answer.kind === "failed") return "later";
    const document = parse(answer.body) as { code?: unknown; message?: unknown } | null;
    if (answer.status === 200 && document !== null) return document;
    if (answer.status >= 500 || answer.status === 429) return "later";
    const said = typeof document?.message === "string" ? document.message.slice(0, 300) : "";
    return this.#refused(`HTTP ${answer.status}${said === "" ? "" : `: ${said}`}`);
  }

  /** By the first collector that answers. */
  async #post(path: string, bearer: string, body: object): Promise<HttpAnswer> {
    const { urls, transport, timeoutMs, userAgent } = this.#options;
    let answer: HttpAnswer = { kind: "failed", reason: "there is no collector" };
    for (const url of urls) {
      answer = await transport.send({
        method: "POST",
        url: url + path,
        headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json", "user-agent": userAgent },
        body: [Buffer.from(JSON.stringify(body))],
        timeoutMs,
      });
      if (answer.kind === "answer" && answer.status < 500) return answer;
    }
    return answer;
  }

  #refused(reason: string): Outcome {
    if (reason !== this.#told) this.#options.log.error("the agent cannot enrol or renew", { reason });
    this.#told = reason;
    return "refused";
  }

  #save(change: Partial<Stored>): void {
    const stored = { ...this.#stored, ...change };
    writeState(this.#options.path, stored, true);
    this.#stored = stored;
  }
}

/** What was stored for this agent on this CI; a copied directory and another CI need an enrolment of their own. */
function usable(stored: unknown, { agentId, ci, log }: EnrolmentOptions): Stored {
  const { credential = null, offer = null } = (stored ?? {}) as Partial<Stored>;
  if (credential === null) return { credential, offer };
  if (credential.agentId === agentId && credential.ci === ci) return { credential, offer };
  log.error("this agent was enrolled as another one; enrol it again: tocsin enrol", {
    enrolledAs: credential.ci,
    isNow: ci,
    sameAgent: credential.agentId === agentId,
  });
  return { credential: null, offer: null };
}

function newToken(): string {
  return `tocsin-agent.${randomBytes(32).toString("base64url")}`;
}

/** As the collector makes it for the enrolment token; "" for what is no ed25519 key. */
async function fingerprintOf(pem: string): Promise<string> {
  const { createHash, createPublicKey } = await import("node:crypto");
  try {
    const { x = "" } = createPublicKey(pem).export({ format: "jwk" });
    return createHash("sha256").update(Buffer.from(x, "base64url")).digest("base64url").slice(0, 22);
  } catch {
    // A PEM that is none has no fingerprint, which is the answer to the question.
    return "";
  }
}

function parse(body: Buffer): unknown {
  try {
    const document: unknown = JSON.parse(body.toString("utf8"));
    return typeof document === "object" ? document : null;
  } catch {
    // An error page of some proxy: its status tells enough.
    return null;
  }
}

import { createHash, randomBytes } from "node:crypto";
import {
  AGENT_TOKEN_PATTERN,
  ENROLMENT_TOKEN_PATTERN,
  type EnrolmentAnswer,
  type EnrolmentRequest,
  type TokenAnswer,
} from "../../protocol/agent-enrolment.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { EnrolmentDesk, EnrolmentFault, EnrolmentView, NewEnrolment } from "../port/enrolment.ts";
import type { Identity } from "../port/ingest.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";
import type { SigningKey } from "./signing-key.ts";
import type { EnrolmentRow, TokenRow, TokenTable } from "./token-table.ts";

export interface DeskOptions {
  table: TokenTable;
  signing: SigningKey;
  now: () => UnixMillis;
  /** How long an agent's token is good; agents renew theirs after a third of it. */
  tokenLifetimeMs: () => Milliseconds;
  /** Two names for one CI have the same. */
  resolveCi: (name: string) => string;
  log: Log;
  telemetry: Telemetry;
}

/** Requests that were under way when the new token was first used. */
const OVERLAP_MS: Milliseconds = 60_000;
const ENROLMENTS_MAX = 200_000;
/** What is over is shown for so long, and recognised. */
const KEEP_MS: Milliseconds = 90 * 86_400_000;
const FORGET_EVERY_MS: Milliseconds = 86_400_000;
const TELL_EVERY_MS: Milliseconds = 3_600_000;

const digestOf = (token: string): string => createHash("sha256").update(token).digest("hex");
const isFault = (value: object): value is EnrolmentFault => "code" in value;

/**
 * Gives agents tokens of their own. Only hashes are stored, and nothing that is secret is logged; all tokens are 256 random bits, so
 * a plain hash keeps them.
 */
export class TokenDesk implements EnrolmentDesk {
  private readonly options: DeskOptions;
  /** When a replaced token was last told of, by agent. */
  private readonly told = new Map<string, UnixMillis>();
  private forgotAt: UnixMillis = Number.NEGATIVE_INFINITY;

  constructor(options: DeskOptions) {
    this.options = options;
    options.telemetry.gauge("tocsin_enrolments", () => this.counts());
  }

  create({ ci, validForMs, by }: { ci: string | null; validForMs: Milliseconds; by: string }): NewEnrolment {
    const { table, signing, now, log } = this.options;
    this.forgetOld();
    if (table.enrolments.size >= ENROLMENTS_MAX) throw new Error(`there are ${ENROLMENTS_MAX} enrolments already`);
    const id = randomBytes(6).toString("base64url");
    const token = `tocsin-enrol.${id}.${randomBytes(32).toString("base64url")}.${signing.fingerprint}`;
    const createdAt = now();
    const expiresAt = createdAt + validForMs;
    const unused = { usedAt: null, agentId: null, revokedAt: null };
    table.put([{ id, digest: digestOf(token), ci, createdAt, createdBy: by, expiresAt, ...unused }], []);
    log.info("an enrolment was made", { enrolment: id, ci, by });
    return { id, token, ci, expiresAt };
  }

  list(): EnrolmentView[] {
    return [...this.options.table.enrolments.values()]
      .map((row) => this.viewOf(row))
      .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
  }

  revoke(idOrCi: string): EnrolmentView[] {
    const { table, now, log } = this.options;
    const found = [...table.enrolments.values()].filter(
      (row) =>
        row.revokedAt === null &&
        (row.id === idOrCi || this.options.table.tokensOf(row.id).some(({ ci }) => this.isSame(ci, idOrCi))),
    );
    const at = now();
    const enrolments = found.map((row) => ({ ...row, revokedAt: at }));
    table.put(
      enrolments,
      found.flatMap((row) => this.ended(row, "revoked", at)),
    );
    for (const { id, agentId } of found) log.info("an enrolment was revoked", { enrolment: id, agent: agentId });
    return enrolments.map((row) => this.viewOf(row));
  }

  exchange(enrolmentToken: string, request: EnrolmentRequest): EnrolmentAnswer | EnrolmentFault {
    const { table, signing, now, log, telemetry } = this.options;
    const row = this.openEnrolment(enrolmentToken, request);
    const fault = isFault(row) ? row : this.faultOf(row, request);
    telemetry.count("tocsin_enrolment_requests_total", { outcome: fault?.code ?? "accepted" });
    if (fault !== null || isFault(row)) return fault ?? (row as EnrolmentFault);
    const at = now();
    const digest = digestOf(request.token);
    const known = table.tokens.get(digest);
    if (known === undefined) {
      const { agentId, ci } = request;
      const expiresAt = at + this.options.tokenLifetimeMs();
      const token: TokenRow = {
        digest,
        enrolment: row.id,
        agentId,
        ci,
        issuedAt: at,
        expiresAt,
        state: "current",
        endedAt: null,
      };
      // An enrolment for a CI by name takes the place of the one before; an answer that was lost, that of its own first token.
      const before = this.holders(ci).filter(({ id }) => id !== row.id);
      const tokens = [...[row, ...before].flatMap((each) => this.ended(each, "revoked", at)), token];
      const revoked = before.map((each) => ({ ...each, revokedAt: at }));
      table.put([{ ...row, usedAt: at, agentId }, ...revoked], tokens);
      log.info("an agent was enrolled", { enrolment: row.id, agent: agentId, ci });
    }
    const expiresAt = table.tokens.get(digest)?.expiresAt ?? at;
    return { ci: request.ci, signingKey: signing.publicKey, expiresInMs: expiresAt - at };
  }

  renew(token: string, next: string): TokenAnswer | EnrolmentFault {
    const { table, now, log, telemetry } = this.options;
    const identity = this.identify(token);
    const row = table.tokens.get(digestOf(token));
    if (identity === undefined || row === undefined) return UNKNOWN;
    if ("code" in identity) return identity;
    if (!AGENT_TOKEN_PATTERN.test(next)) return BAD_TOKEN;
    const digest = digestOf(next);
    const known = table.tokens.get(digest);
    if (known !== undefined && known.enrolment !== row.enrolment) return BAD_TOKEN;
    const at = now();
    if (known !== undefined) return { expiresInMs: known.expiresAt - at };
    this.forgetOld();
    const expiresAt = at + this.options.tokenLifetimeMs();
    // One that was told and never used makes room.
    const unused = table.tokensOf(row.enrolment).filter(({ state }) => state === "next");
    const ended = unused.map((each): TokenRow => ({ ...each, state: "revoked", endedAt: at }));
    table.put([], [...ended, { ...row, digest, issuedAt: at, expiresAt, state: "next", endedAt: null }]);
    log.info("an agent renews its token", { enrolment: row.enrolment, ci: row.ci });
    telemetry.count("tocsin_enrolment_requests_total", { outcome: "renewed" });
    return { expiresInMs: expiresAt - at };
  }

  identify(token: string): Identity | EnrolmentFault | undefined {
    if (!AGENT_TOKEN_PATTERN.test(token)) return undefined;
    const { table, now } = this.options;
    const row = table.tokens.get(digestOf(token));
    if (row === undefined) return UNKNOWN;
    const at = now();
    if (row.state === "revoked")
      return { code: "tokenRevoked", message: "this agent's token was revoked; enrol it again: tocsin enrol" };
    if (at >= row.expiresAt)
      return { code: "tokenExpired", message: "this agent's token has expired; enrol it again: tocsin enrol" };
    if (row.state === "replaced" && at - (row.endedAt ?? 0) > OVERLAP_MS) return this.replacedUsed(row, at);
    if (row.state === "next") this.promote(row, at);
    return { name: `agent:${row.ci}`.slice(0, 512), role: "agent", ci: row.ci, agentId: row.agentId };
  }

  close(): void {
    this.options.table.close();
  }

  /** The new token is in use: the old one ends. */
  private promote(row: TokenRow, at: UnixMillis): void {
    const { table } = this.options;
    const before = table.tokensOf(row.enrolment).filter(({ state }) => state === "current");
    const replaced = before.map((each): TokenRow => ({ ...each, state: "replaced", endedAt: at }));
    table.put([], [...replaced, { ...row, state: "current" }]);
  }

  private replacedUsed(row: TokenRow, at: UnixMillis): EnrolmentFault {
    if (at - (this.told.get(row.agentId) ?? Number.NEGATIVE_INFINITY) >= TELL_EVERY_MS) {
      this.told.set(row.agentId, at);
      this.options.log.warn("a token that was replaced is used again: a copied data directory, or a stolen token", {
        enrolment: row.enrolment,
        agent: row.agentId,
        ci: row.ci,
      });
    }
    return {
      code: "tokenReplaced",
      message: "this token was replaced by a newer one: another agent has the same identity; enrol this one again",
    };
  }

  /** The enrolment that an agent's request is about. */
  private openEnrolment(enrolmentToken: string, { token }: EnrolmentRequest): EnrolmentRow | EnrolmentFault {
    const id = ENROLMENT_TOKEN_PATTERN.exec(enrolmentToken)?.groups?.["id"];
    const row = id === undefined ? undefined : this.options.table.enrolments.get(id);
    if (row === undefined || row.digest !== digestOf(enrolmentToken)) return UNKNOWN;
    return AGENT_TOKEN_PATTERN.test(token) ? row : BAD_TOKEN;
  }

  private faultOf(row: EnrolmentRow, { agentId, ci, token }: EnrolmentRequest): EnrolmentFault | null {
    const { table, now } = this.options;
    if (row.revokedAt !== null) return { code: "tokenRevoked", message: "this enrolment was revoked" };
    if (row.expiresAt <= now())
      return { code: "tokenExpired", message: "this enrolment token has expired; make another: tocsin enrol" };
    if (row.usedAt !== null && !this.isRepeat(row, agentId))
      return { code: "tokenUsed", message: "this enrolment token was used already; make another: tocsin enrol" };
    if (row.ci !== null && !this.isSame(row.ci, ci)) {
      const message = `this enrolment token is for ${row.ci}, and this agent speaks for ${ci}: set ci in its file`;
      return { code: "ciMismatch", message };
    }
    const known = table.tokens.get(digestOf(token));
    if (known !== undefined && (known.enrolment !== row.id || known.state !== "current")) return BAD_TOKEN;
    const rival = this.holders(ci).find(({ id }) => id !== row.id);
    if (row.ci === null && rival !== undefined) {
      const message = `another agent is enrolled for ${ci}; revoke it (tocsin enrol revoke ${ci}), or make a token for this CI: tocsin enrol --ci ${ci}`;
      return { code: "ciTaken", message };
    }
    return null;
  }

  /** The same agent again, whose answer was lost: as long as it has renewed nothing. */
  private isRepeat(row: EnrolmentRow, agentId: string): boolean {
    return row.agentId === agentId && this.options.table.tokensOf(row.id).every(({ state }) => state === "current");
  }

  /** Enrolments whose agent may speak for the CI now. */
  private holders(ci: string): EnrolmentRow[] {
    const at = this.options.now();
    const found = new Set<string>();
    for (const token of this.options.table.tokens.values())
      if ((token.state === "current" || token.state === "next") && token.expiresAt > at && this.isSame(token.ci, ci))
        found.add(token.enrolment);
    return [...found].flatMap((id) => this.options.table.enrolments.get(id) ?? []);
  }

  private ended(row: EnrolmentRow, state: "revoked", at: UnixMillis): TokenRow[] {
    return this.options.table
      .tokensOf(row.id)
      .filter((token) => token.state !== "revoked")
      .map((token) => ({ ...token, state, endedAt: at }));
  }

  private isSame(a: string, b: string): boolean {
    return a === b || this.options.resolveCi(a) === this.options.resolveCi(b);
  }

  private viewOf(row: EnrolmentRow): EnrolmentView {
    const { id, createdAt, createdBy, agentId, usedAt } = row;
    const token = this.options.table.tokensOf(row.id).find(({ state }) => state === "current");
    const expiresAt = token?.expiresAt ?? row.expiresAt;
    const isOver = expiresAt <= this.options.now();
    const lasting = isOver ? "expired" : usedAt === null ? "open" : "enrolled";
    return {
      id,
      ci: token?.ci ?? row.ci,
      status: row.revokedAt === null ? lasting : "revoked",
      createdAt,
      createdBy,
      expiresAt,
      agentId,
      enrolledAt: usedAt,
    };
  }

  private counts(): { labels: { status: string }; value: number }[] {
    const counts = { open: 0, enrolled: 0, expired: 0, revoked: 0 };
    const at = this.options.now();
    for (const row of this.options.table.enrolments.values()) {
      if (row.revokedAt !== null) counts.revoked += 1;
      else if (row.usedAt !== null) counts.enrolled += 1;
      else counts[row.expiresAt <= at ? "expired" : "open"] += 1;
    }
    return Object.entries(counts).map(([status, value]) => ({ labels: { status }, value }));
  }

  /** What ended long ago; looked for once a day. */
  private forgetOld(): void {
    const { table, now } = this.options;
    if (now() - this.forgotAt < FORGET_EVERY_MS) return;
    this.forgotAt = now();
    const before = now() - KEEP_MS;
    const tokens = [...table.tokens.values()].filter(
      (token) => token.expiresAt < before || (token.endedAt ?? Number.POSITIVE_INFINITY) < before,
    );
    const gone = new Set(tokens.map(({ digest }) => digest));
    const held = new Set([...table.tokens.values()].filter(({ digest }) => !gone.has(digest)).map((t) => t.enrolment));
    const enrolments = [...table.enrolments.values()].filter(
      (row) => !held.has(row.id) && Math.max(row.expiresAt, row.usedAt ?? 0, row.revokedAt ?? 0) < before,
    );
    if (tokens.length + enrolments.length > 0) table.remove(enrolments, tokens);
  }
}

const UNKNOWN: EnrolmentFault = { code: "unknownToken", message: "the token is not known here" };
const BAD_TOKEN: EnrolmentFault = { code: "badToken", message: "a token of this form is not taken, or is in use" };

import { statfsSync } from "node:fs";
import { join } from "node:path";
import type { WireEvent } from "../protocol/agent-event.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { RemoteSource } from "./config/remote-source.ts";
import { EventIds } from "./evaluate/event-ids.ts";
import type { Log } from "./log.ts";
import { randomBytes } from "./random-bytes.ts";
import { Collectors } from "./send/collectors.ts";
import { DocumentVerifier } from "./send/document-verifier.ts";
import { Enrolment } from "./send/enrolment.ts";
import { EpochFile } from "./send/epoch-file.ts";
import { PinnedKey } from "./send/pinned-key.ts";
import { Sender } from "./send/sender.ts";
import { TokenSource } from "./send/token.ts";
import { Spool } from "./spool/spool.ts";
import type { AgentSurroundings } from "./surroundings.ts";

/** The collector keeps acknowledged data in memory at first; we keep it longer than it may take to be safe there. */
const RETAIN_MS = 120_000;

/** File in the data directory, also read before the agent begins. */
export const REMOTE_STATE_FILE = "remote.json";

/** What goes out and comes in: the spool, the way to the collectors, who we are to them, and what they set for us. */
export interface Post {
  spool: Spool;
  collectors: Collectors;
  sender: Sender;
  verifier: DocumentVerifier;
  /** null where the configuration has a token. */
  enrolment: Enrolment | null;
  /** null where the collector sets nothing here. */
  remote: RemoteSource | null;
  nextId: () => string;
  event: (event: WireEvent) => void;
}

export function openPost(config: AgentConfig, around: AgentSurroundings, ci: string): Post {
  const { clock, random, log, data } = around;
  const spool = openSpool(config, around);
  const enrolment = openEnrolment(config, around, ci);
  const collectors = new Collectors({
    urls: config.collectors,
    transport: around.transport,
    token: enrolment ?? openToken(config, log),
    clock,
    timeoutMs: config.timeoutMs,
    userAgent: userAgentOf(around),
    run: randomBytes(8).toString("hex"),
  });
  const pinned = new PinnedKey(
    join(data.path, "signing-key.json"),
    () => around.signingKey ?? enrolment?.signingKey ?? null,
  );
  const verifier = new DocumentVerifier(
    () => pinned.current,
    (pem) => {
      pinned.succeed(pem);
      log.warn("the collector has another signing key, by the word of the one that was pinned; it is pinned now");
    },
  );
  const epochs = new EpochFile(join(data.path, "epochs.json"), log);
  const sender = new Sender({ spool, collectors, clock, random, log, retryMaxMs: config.retry.maxMs, epochs });
  const ids = new EventIds(around.identity.agentId, join(data.path, "event-ids.json"), clock.now());
  return {
    spool,
    collectors,
    sender,
    verifier,
    enrolment,
    remote: openRemote(config, around, { ci, collectors, verifier, sender }),
    nextId: () => ids.next(),
    event: (event) => {
      const payload = Buffer.from(JSON.stringify(event));
      spool.append("event", payload, { items: 1, rawBytes: payload.length, at: clock.now() });
      sender.wake();
    },
  };
}

function openToken(config: AgentConfig, log: Log): TokenSource {
  const token = new TokenSource({ token: config.token, file: config.tokenFile });
  if (token.trouble !== null) log.error("the token cannot be used", { reason: token.trouble });
  return token;
}

const userAgentOf = ({ version }: AgentSurroundings): string => `tocsin-agent/${version}`;

function openEnrolment(config: AgentConfig, around: AgentSurroundings, ci: string): Enrolment | null {
  if (config.token !== null || config.tokenFile !== null) return null;
  const { clock, random, log, data, transport, identity, enrolmentToken = () => null } = around;
  return new Enrolment({
    path: join(data.path, "credential.json"),
    urls: config.collectors,
    transport,
    clock,
    random,
    log,
    agentId: identity.agentId,
    ci,
    enrolmentToken,
    timeoutMs: config.timeoutMs,
    userAgent: userAgentOf(around),
  });
}

function openRemote(
  config: AgentConfig,
  { clock, random, log, data, remote, restart }: AgentSurroundings,
  { ci, collectors, verifier, sender }: Pick<Post, "collectors" | "verifier" | "sender"> & { ci: string },
): RemoteSource | null {
  if (!config.remote || restart === undefined) return null;
  return new RemoteSource({
    collectors,
    verifier,
    clock,
    random,
    log,
    path: join(data.path, REMOTE_STATE_FILE),
    ci,
    everyMs: config.rules.everyMs,
    use: remote ?? { kind: "none", fault: null },
    lastAcceptedAt: () => sender.lastAcceptedAt,
    restart,
  });
}

function openSpool(config: AgentConfig, { data, clock, log }: AgentSurroundings): Spool {
  return new Spool({
    folder: join(data.path, "spool"),
    maxBytes: config.spool.maxBytes,
    keepFreeBytes: reserveOf(config, data.path),
    retainMs: RETAIN_MS,
    clock,
    log,
  });
}

/** By default 5 % of the file system, but no more than 1 GiB: enough for others to work, little enough for small disks. */
function reserveOf(config: AgentConfig, path: string): number {
  const { keepFree } = config.spool;
  if (keepFree !== null && "bytes" in keepFree) return keepFree.bytes;
  const { blocks, bsize } = statfsSync(path);
  const share = blocks * bsize * (keepFree?.ratio ?? 0.05);
  return keepFree === null ? Math.min(share, 1024 ** 3) : share;
}

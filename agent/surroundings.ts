import type { WireEvent } from "../protocol/agent-event.ts";
import type { Rule } from "../rules/detect/rule.ts";
import type { Clock, Random } from "./clock.ts";
import type { RemoteUse } from "./config/remote-state.ts";
import type { DataDirectory, Identity } from "./identity.ts";
import type { Log } from "./log.ts";
import type { Collector, CollectorContext } from "./sample/collector.ts";
import type { Collectors } from "./send/collectors.ts";
import type { Transport } from "./send/transport.ts";
import type { Watch, WatchContext } from "./watch/check.ts";

/** What the agent gets from outside; a test gives its own. */
export interface AgentSurroundings {
  clock: Clock;
  random: Random;
  log: Log;
  transport: Transport;
  data: DataDirectory;
  identity: Identity;
  hostName: string;
  version: string;
  files: CollectorContext["files"];
  bundledRules: () => Promise<readonly Rule[]>;
  /** The public key that the administrator has pinned, as PEM; null or absent = none. */
  signingKey?: string | null;
  /** The enrolment token that is there now; null or absent = none. */
  enrolmentToken?: () => string | null;
  /** With what of the collector's configuration this process began. */
  remote?: RemoteUse;
  /** It samples once and ends, and the collector is not to wait for it. */
  once?: boolean;
  /** Ends this process in good order and begins anew; absent = not possible here. */
  restart?: () => void;
  createCollectors: (context: CollectorContext) => Collector[];
  createWatches: (context: WatchContext, post: EventPost) => Promise<Watch[]>;
}

/** For watches that tell events which are no conditions, or tell a collector what is neither event nor sample. */
export interface EventPost {
  ci: string;
  collectors: Collectors;
  nextId: () => string;
  send: (event: WireEvent) => void;
}

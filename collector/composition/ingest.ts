import type { Authenticator } from "../api/access.ts";
import type { IngestPlugin } from "../api/server.ts";
import type { TocsinConfig } from "../config/config.ts";
import { VettedOutgoing } from "../connector/outgoing.ts";
import type { UnixMillis } from "../core/model/time.ts";
import { registerAlertmanager } from "../ingest/alertmanager/register.ts";
import { registerNative } from "../ingest/native/register.ts";
import { logRulesOf } from "../ingest/otlp/log-rules.ts";
import { registerOtlp } from "../ingest/otlp/register.ts";
import { registerPagerDuty } from "../ingest/pagerduty/register.ts";
import { registerRemoteWrite } from "../ingest/remote-write/register.ts";
import { registerWebhooks } from "../ingest/webhook/register.ts";
import { ciLabelsOf, otlpLogRules, webhooksOf } from "./ingest-settings.ts";
import type { AgentDirectory } from "../port/agents.ts";
import type { HostPort } from "../port/config-schema.ts";
import type { Identity } from "../port/ingest.ts";

export interface IngestSurroundings {
  access: Authenticator;
  agents: AgentDirectory;
  current: { config: TocsinConfig; rules: unknown };
  version: string;
  startedAt: UnixMillis;
}

const LOCAL: Identity = { name: "local", role: "admin" };

/** The part of a server that tells where it listens. */
interface Listening {
  addresses: () => readonly (string | { port: number })[];
}

/** `host:port` as others call us: with port 0 in the configuration the system chooses one. */
export function listeningAddress(app: Listening, { host, port }: HostPort): string {
  const [given] = app.addresses();
  const heard = typeof given === "object" ? given.port : port;
  return `${host.includes(":") ? `[${host}]` : host}:${heard}`;
}

/** Every protocol that we take; a new one is one line here. */
export function ingestPlugins({ access, agents, current, version, startedAt }: IngestSurroundings): IngestPlugin[] {
  const { config } = current;
  const identify = (secret: string | undefined): Identity | undefined => {
    if (access.open) return LOCAL;
    return secret === undefined ? undefined : access.identify(secret);
  };
  const outgoing = new VettedOutgoing({ allowPrivateTargets: config.limits.allowPrivateTargets });
  const logRules = logRulesOf(otlpLogRules(config.ingest));
  const otlpOptions = logRules === undefined ? {} : { logRules };
  const ciLabels = ciLabelsOf(config.ingest);
  return [
    registerNative,
    (app, ports) => registerOtlp(app, ports, { agents, ...otlpOptions }),
    (app, ports) =>
      registerAlertmanager(app, ports, {
        facts: {
          name: "tocsin",
          get address() {
            return listeningAddress(app, config.listen);
          },
          version,
          startedAt,
        },
        resolveTimeoutMs: config.alertmanager.resolveTimeoutMs,
        ciLabels,
        meaning: () => current.rules,
      }),
    (app, ports) => registerRemoteWrite(app, ports, { ciLabels }),
    (app, ports) => registerPagerDuty(app, ports, { identify }),
    (app, ports) => {
      app.addHook("onClose", () => outgoing.close());
      registerWebhooks(app, ports, {
        identify,
        outgoing,
        ciLabels,
        ...webhooksOf(config.ingest),
        snsTopics: config.ingest.snsTopics,
      });
    },
  ];
}

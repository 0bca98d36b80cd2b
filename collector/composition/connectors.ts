import type { ReceiverConfig, TocsinConfig } from "../config/config.ts";
import { refusalOfHost } from "../connector/address.ts";
import { bmcHelix } from "../connector/bmc-helix/bmc-helix.ts";
import { email } from "../connector/email/email.ts";
import { freshservice } from "../connector/freshservice/freshservice.ts";
import { jiraServiceManagement } from "../connector/jira-service-management/jira-service-management.ts";
import { VettedOutgoing } from "../connector/outgoing.ts";
import { serviceNow } from "../connector/service-now/service-now.ts";
import { slack } from "../connector/slack/slack.ts";
import { webhook } from "../connector/webhook/webhook.ts";
import type { Connector, ConnectorKind } from "../port/connector.ts";
import type { Clock } from "../port/clock.ts";
import type { CardOf } from "../port/ci-card.ts";
import type { RunbookShelf } from "../port/runbooks.ts";
import type { Log } from "../port/telemetry.ts";

/** Every way to tell people or a tool; a new one is one line here. */
export const CONNECTOR_KINDS: readonly ConnectorKind[] = [
  webhook,
  email,
  slack,
  serviceNow,
  jiraServiceManagement,
  bmcHelix,
  freshservice,
];

export { refusalOfHost };

/** The configured receivers and what they share. */
export interface Connectors {
  byReceiver: ReadonlyMap<string, Connector>;
  close: () => Promise<void>;
}

/** What they may use beside what the configuration says. */
export interface ConnectorSources {
  clock: Clock;
  log: Log;
  runbooks?: Pick<RunbookShelf, "of">;
  cardOf?: CardOf;
}

/** The configured receivers, ready to deliver; nothing is connected yet. */
export function createConnectors(config: TocsinConfig, sources: ConnectorSources): Connectors {
  const outgoing = new VettedOutgoing({ allowPrivateTargets: config.limits.allowPrivateTargets });
  const create = ({ name, kind, settings }: ReceiverConfig): [string, Connector] => {
    const found = CONNECTOR_KINDS.find((candidate) => candidate.kind === kind);
    if (found === undefined) throw new Error(`the configuration let through a receiver of the unknown kind ${kind}`);
    return [name, found.create(settings, { ...sources, outgoing, externalUrl: config.externalUrl })];
  };
  const byReceiver = new Map(config.receivers.map(create));
  return {
    byReceiver,
    close: async () => {
      for (const connector of byReceiver.values()) await connector.close?.();
      await outgoing.close();
    },
  };
}

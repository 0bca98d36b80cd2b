import { type CiLabelOptions, DEFAULT_CI_LABELS } from "../ingest/ci-label.ts";
import type { SnmpOptions } from "../ingest/snmp/listener.ts";
import type { TrapRule } from "../ingest/snmp/trap-rule.ts";
import type { SyslogOptions } from "../ingest/syslog/listener.ts";
import type { LogRule } from "../ingest/log-pattern.ts";
import type { GenericMapping } from "../ingest/webhook/generic/mapping.ts";
import type { IngestConfig, LogRuleConfig, MappingConfig, TrapRuleConfig } from "../port/ingest-config.ts";

/** What the section `ingest` of the configuration means to each adapter. */

export function ciLabelsOf({ ciLabels, exporterJobs }: IngestConfig): CiLabelOptions {
  return {
    order: ciLabels.length === 0 ? DEFAULT_CI_LABELS.order : ciLabels,
    exporterJobs: [...DEFAULT_CI_LABELS.exporterJobs, ...exporterJobs],
  };
}

export function mappingOf({ expiresAfter, ...rest }: MappingConfig): GenericMapping {
  return { ...rest, expiresAfterMs: expiresAfter };
}

/** Secrets and mappings of webhooks, each by the webhook's name. */
export function webhooksOf({ webhooks }: IngestConfig): {
  secrets: Record<string, readonly string[]>;
  mappings: Record<string, GenericMapping>;
} {
  const entries = Object.entries(webhooks);
  return {
    secrets: Object.fromEntries(
      entries.flatMap(([name, { secret }]) => (secret === undefined ? [] : [[name, [secret.reveal()]]])),
    ),
    mappings: Object.fromEntries(
      entries.flatMap(([name, { mapping }]) => (mapping === undefined ? [] : [[name, mappingOf(mapping)]])),
    ),
  };
}

/** Syslog's numbers of severity. */
const UNMATCHED = { never: -1, emergency: 0, alert: 1, critical: 2, error: 3, warning: 4 } as const;

const logRule = ({ expiresAfter, ...rest }: LogRuleConfig): LogRule => ({ ...rest, expiresAfterMs: expiresAfter });
const trapRule = ({ expiresAfter, ...rest }: TrapRuleConfig): TrapRule => ({ ...rest, expiresAfterMs: expiresAfter });

export function syslogOf({ syslog }: IngestConfig): SyslogOptions | undefined {
  if (syslog === undefined) return undefined;
  const { udp, tcp, tls, rules, unmatched, sources } = syslog;
  return {
    udp,
    tcp,
    tls:
      tls === undefined
        ? undefined
        : {
            ...tls.listen,
            key: tls.key.reveal(),
            certificate: tls.certificate.reveal(),
            clientCa: tls.clientCa?.reveal(),
          },
    sources,
    rules: rules.map(logRule),
    unmatchedMax: UNMATCHED[unmatched],
  };
}

/** Which log records of OTLP are events, besides those that say so themselves. */
export const otlpLogRules = ({ otlp }: IngestConfig): LogRule[] => otlp.logRules.map(logRule);

export function snmpOf({ snmp }: IngestConfig): SnmpOptions | undefined {
  if (snmp === undefined) return undefined;
  const { listen, sources, communities, users, rules, unknown } = snmp;
  return {
    ...listen,
    sources,
    communities: communities.map(({ community }) => community.reveal()),
    users: users.map(({ name, authentication, privacy }) => ({
      name,
      authentication: authentication && { ...authentication, key: authentication.key.reveal() },
      privacy: privacy && { ...privacy, key: privacy.key.reveal() },
    })),
    rules: rules.map(trapRule),
    unknown,
  };
}

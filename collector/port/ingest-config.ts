import type { Static } from "typebox";
import { SEVERITIES } from "../core/model/severity.ts";
import { cidr, duration, hostPort, oneOrMany, secret } from "./config-schema.ts";
import { Type } from "./type-builder.ts";

/** What `tocsin.yaml` says about foreign senders, in the section `ingest`. */

const text = (description: string) => Type.String({ minLength: 1, description });
const severity = (description: string) => Type.Enum([...SEVERITIES], { description });

/** The webhooks that need no mapping. Their names cannot be used for others; a test holds this list to the adapters. */
export const WEBHOOK_KINDS: readonly string[] = [
  "alertmanager",
  "azure",
  "checkmk",
  "cloudevents",
  "cloudwatch",
  "datadog",
  "gcp",
  "github",
  "gitlab",
  "grafana",
  "icinga",
  "kubernetes",
  "nagios",
  "netdata",
  "nrdp",
  "sentry",
  "sns",
  "uptime-kuma",
  "zabbix",
];

const Source = (description: string) =>
  oneOrMany(text("A JSON pointer (`/host/name`), or a text with pointers in braces (`{/rule} on {/host}`)."), {
    minItems: 1,
    description: `${description} Of several the first that gives text counts.`,
  });

const Sources = (description: string) =>
  Type.Record(Type.String({ pattern: "^[^\\0]{1,128}$" }), Source("Where the value comes from."), {
    default: {},
    description,
  });

const MappingSchema = Type.Object(
  {
    each: Type.Optional(text("Pointer to a list of which every element is an event; without it the document is one.")),
    source: Type.Optional(Source("The event's source; the webhook's name where not given.")),
    ci: Source("The CI."),
    check: Source("What is checked."),
    instance: Type.Optional(Source("Which one on the CI: a disk, an interface.")),
    summary: Source("One line for people; the check where nothing gives text."),
    id: Type.Optional(Source("The sender's unique id of the message, to recognise a repeat.")),
    time: Type.Optional(Source("When it happened: RFC 3339, or seconds or milliseconds since 1970.")),
    kind: Type.Enum(["alert", "change"], { default: "alert", description: "What every message is." }),
    status: Type.Optional(
      Type.Object(
        {
          of: Source("The word that tells."),
          resolved: oneOrMany(text("A word, in any case."), {
            minItems: 1,
            description: "Words that mean it is over.",
          }),
          ignored: Type.Array(text("A word, in any case."), { default: [], description: "Words that mean nothing." }),
        },
        { description: "Whether it fires; without this everything does." },
      ),
    ),
    severity: Type.Object(
      {
        of: Type.Optional(Source("The word that tells.")),
        words: Type.Record(Type.String({ minLength: 1 }), severity("Ours."), {
          default: {},
          description: "The sender's words; those that everyone uses (critical, warning, P1 …) are known.",
        }),
        otherwise: Type.Enum([...SEVERITIES], { default: "major", description: "Where nothing tells." }),
      },
      { default: {}, description: "How bad it is." },
    ),
    labels: Sources("Labels by name."),
    annotations: Sources("Annotations by name."),
    links: Sources("Links by their text; only http and https."),
    expiresAfter: Type.Optional(
      duration({ least: "1s", most: "30d", description: "It is over this long after it was last said." }),
    ),
  },
  { description: "How a JSON document becomes events." },
);

const WebhookSchema = Type.Object(
  {
    secret: Type.Optional(
      secret({ description: "With it the sender must sign its messages; then it needs no token." }),
    ),
    mapping: Type.Optional(MappingSchema),
  },
  { description: "One webhook, at /webhooks/NAME." },
);

const LogRuleSchema = Type.Object(
  {
    check: text("Name of the check; a raise and its clear have the same."),
    pattern: text("RE2, anywhere in the message. Named groups `instance` and `state`; others become labels."),
    contains: oneOrMany(text("A text."), {
      minItems: 1,
      description: "One of these stands in every message that the pattern matches.",
    }),
    app: Type.Optional(text("The program, exactly.")),
    status: Type.Enum(["firing", "resolved"], { default: "firing", description: "What a match means." }),
    clearStates: Type.Array(text("Lower case."), {
      default: [],
      description: "Values of the group `state` that mean clear.",
    }),
    severity: Type.Optional(severity("Without it that of the message.")),
    expiresAfter: Type.Optional(duration({ description: "For what nothing clears." })),
    kind: Type.Enum(["alert", "change"], { default: "alert", description: "A condition, or somebody's change." }),
  },
  { description: "Makes events of log messages." },
);

const TrapRuleSchema = Type.Object(
  {
    oid: Type.String({ pattern: "^\\d+(\\.\\d+)+$", description: "Of the trap." }),
    name: text("The trap's name in its MIB."),
    check: text("Name of the check; a raise and its clear have the same."),
    kind: Type.Enum(["alert", "change"], { default: "alert", description: "A condition, or somebody's change." }),
    status: Type.Enum(["firing", "resolved"], { default: "firing", description: "What the trap means." }),
    state: Type.Optional(
      Type.Object(
        {
          column: text("OID of the variable that tells."),
          clear: oneOrMany(text("A value."), { minItems: 1, description: "Values that mean clear." }),
        },
        { description: "For traps that tell both." },
      ),
    ),
    severity: Type.Enum([...SEVERITIES], { default: "major", description: "How bad it is." }),
    instance: Type.Array(text("OID of a column; `index OID` takes what follows the column."), {
      default: [],
      description: "Which one; the first that is there.",
    }),
    details: Type.Record(Type.String({ minLength: 1 }), text("OID of a column."), {
      default: {},
      description: "Labels by name.",
    }),
    expiresAfter: Type.Optional(duration({ description: "For what nothing clears." })),
  },
  { description: "Makes an event of a trap." },
);

const AllowedSenders = Type.Array(cidr({ description: "A network or address." }), {
  default: [],
  description: "Senders that are listened to; from others nothing is taken, and it is counted. Empty: everybody.",
});

const SyslogSchema = Type.Object(
  {
    udp: Type.Optional(hostPort({ description: "Listen for datagrams, usually `:514`." })),
    tcp: Type.Optional(hostPort({ description: "Listen for plain connections, usually `:601`." })),
    tls: Type.Optional(
      Type.Object(
        {
          listen: hostPort({ default: ":6514", description: "Where." }),
          key: secret({ description: "The private key, PEM." }),
          certificate: secret({ description: "The certificate and those that signed it, PEM." }),
          clientCa: Type.Optional(
            secret({ description: "Senders must show a certificate that one of these has signed, PEM." }),
          ),
        },
        { description: "Listen for encrypted connections." },
      ),
    ),
    sources: AllowedSenders,
    rules: Type.Array(LogRuleSchema, { default: [], description: "Tried before the built-in ones." }),
    unmatched: Type.Enum(["never", "emergency", "alert", "critical", "error", "warning"], {
      default: "critical",
      description: "Messages that no rule knows become events when they are this bad or worse.",
    }),
  },
  { description: "Log messages of devices and programs." },
);

const SnmpSchema = Type.Object(
  {
    listen: hostPort({ default: ":162", description: "Where." }),
    sources: AllowedSenders,
    communities: Type.Array(
      Type.Object({ community: secret({ description: "Of versions 1 and 2c." }) }, { description: "One community." }),
      { default: [], description: "Those that are taken; none and no users: all." },
    ),
    users: Type.Array(
      Type.Object(
        {
          name: text("The user's name."),
          authentication: Type.Optional(
            Type.Object(
              {
                protocol: Type.Enum(["md5", "sha", "sha224", "sha256", "sha384", "sha512"], { description: "HMAC." }),
                key: secret({ description: "Its password." }),
              },
              { description: "Messages must be authentic." },
            ),
          ),
          privacy: Type.Optional(
            Type.Object(
              {
                protocol: Type.Enum(["des", "aes", "aes256b", "aes256r"], { description: "Cipher." }),
                key: secret({ description: "Its password." }),
              },
              { description: "Messages must be encrypted." },
            ),
          ),
        },
        { description: "A user of version 3." },
      ),
      { default: [], description: "Users of version 3." },
    ),
    rules: Type.Array(TrapRuleSchema, { default: [], description: "Tried before the built-in ones." }),
    unknown: Type.Enum(["warning", "drop"], { default: "warning", description: "Traps that no rule knows." }),
  },
  { description: "SNMP traps." },
);

export const IngestSection = Type.Object(
  {
    ciLabels: Type.Array(text("Name of a label."), {
      default: [],
      description:
        "Labels of Prometheus' alerts and samples that name the CI, strongest first; the first always wins, of the others the first whose value the CMDB knows. Empty: ci, instance, host, hostname, node, pod …",
    }),
    exporterJobs: Type.Array(text("Value of the label `job`."), {
      default: [],
      description:
        "Jobs whose `instance` is the exporter, not the thing itself, beside kube-state-metrics and pushgateway.",
    }),
    webhooks: Type.Record(Type.String({ pattern: "^[a-z0-9][a-z0-9-]{0,62}$" }), WebhookSchema, {
      default: {},
      description: "Secrets of the built-in webhooks, and webhooks of your own with a mapping.",
    }),
    snsTopics: Type.Array(text("ARN of a topic."), {
      default: [],
      description: "Amazon SNS topics that are taken, without a token. Empty: all, with a token.",
    }),
    otlp: Type.Object(
      {
        logRules: Type.Array(LogRuleSchema, {
          default: [],
          description:
            "Log records that are events, besides those whose attributes say so; the first that matches decides. `app` is the resource's `service.name`.",
        }),
      },
      { default: {}, description: "OpenTelemetry." },
    ),
    syslog: Type.Optional(SyslogSchema),
    snmp: Type.Optional(SnmpSchema),
  },
  { default: {}, description: "Foreign senders. Protocols over HTTP are always there." },
);

export type IngestConfig = Static<typeof IngestSection>;
export type MappingConfig = Static<typeof MappingSchema>;
export type LogRuleConfig = Static<typeof LogRuleSchema>;
export type TrapRuleConfig = Static<typeof TrapRuleSchema>;

import type { Static, TSchema } from "typebox";
import { PRIORITIES, SEVERITIES } from "../core/model/severity.ts";
import {
  cidr,
  duration,
  hostPort,
  matcher,
  notInUse,
  oneOrMany,
  path,
  secret,
  size,
  time,
  timeZone,
  url,
} from "../port/config-schema.ts";
import type { ConnectorKind } from "../port/connector.ts";
import { IngestSection } from "../port/ingest-config.ts";
import { Type } from "../port/type-builder.ts";

const text = (description: string) => Type.String({ minLength: 1, description });

/** Names of receivers, tokens, time intervals: they stand in URLs, metrics and file names. */
const NAME = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";

const AuthSection = Type.Object(
  {
    tokens: Type.Array(
      Type.Object({
        name: Type.String({ pattern: NAME, description: "Who it is: shown in timelines and the ledger as the actor." }),
        role: Type.Enum(["agent", "viewer", "operator", "admin"], {
          description: "agent: send events and samples. viewer: read. operator: also act. admin: all.",
        }),
        token: secret({ description: "The bearer token; at least 16 characters." }),
        ci: Type.Optional(
          text(
            "For the role agent: the only CI that the token speaks for. Without it the token may speak for every CI, and many agents may share it.",
          ),
        ),
      }),
      { description: "Bearer tokens, one for each program or person." },
    ),
  },
  {
    description:
      "Who may call. Without it only a loopback address is listened on, and calls from there need no token; any other address is refused.",
  },
);

const AgentsSection = Type.Object(
  {
    tokenLifetime: duration({
      default: "90d",
      least: "1m",
      most: "400d",
      description: "How long the token of an enrolled agent is good; agents renew theirs after a third of it.",
    }),
    signingKey: Type.Optional(
      secret({
        description:
          "The ed25519 key (PEM) that signs the rules and configuration which agents fetch; without it the data directory's own is made and used. Several collectors for the same agents share one.",
      }),
    ),
    previousSigningKey: Type.Optional(
      secret({
        description:
          "The signing key before this one: with it the collector proves to agents that have pinned the old key that the new one takes its place. Good for one start: what it signs is kept in the data directory.",
      }),
    ),
    configuration: Type.Array(
      Type.Object({
        ci: Type.String({
          minLength: 1,
          maxLength: 512,
          description: "A CI's name as its agent says it; `*` stands for any text.",
        }),
        file: path({
          description:
            "In the form of the agent's file, without what only the host's own file may say; see the agent guide.",
        }),
      }),
      {
        default: [],
        description:
          "What agents that have pinned the signing key take over their own file; the first that matches. Files are read again with the configuration.",
      },
    ),
  },
  { default: {}, description: "Agents: enrolment, and what is set for them here." },
);

const CorrelationSection = Type.Object(
  {
    settle: Type.Object(
      {
        min: duration({ default: "10s", most: "10m", description: "The first page waits at least this long …" }),
        max: duration({
          default: "30s",
          most: "30m",
          description: "… and at most this long, while a storm still grows.",
        }),
      },
      { default: {}, description: "How long the first notification of an incident waits for a clearer picture." },
    ),
    resolveAfter: duration({
      default: "1m",
      most: "1d",
      description: "An incident resolves when all its alerts have been clear for this long.",
    }),
    reopenWithin: duration({
      default: "1h",
      most: "7d",
      description: "The same fault again within this time reopens the incident; after it the incident closes.",
    }),
    alertTtl: duration({
      default: "1d",
      least: "1m",
      most: "30d",
      description: "An alert that is not heard of for this long expires, unless its event said otherwise.",
    }),
    suppressMax: duration({
      default: "4h",
      most: "7d",
      description: "An alert stays suppressed behind a failed dependency at most this long.",
    }),
    recoverySettle: duration({
      default: "5m",
      most: "1h",
      description: "After a dependency has recovered, what needs it gets this long to clear before it may page.",
    }),
  },
  { default: {}, description: "How alerts become incidents." },
);

const RouteSchema = Type.Object(
  {
    match: Type.Object(
      {
        priority: Type.Optional(oneOrMany(Type.Enum([...PRIORITIES]), { description: "Any of these priorities." })),
        severity: Type.Optional(oneOrMany(Type.Enum([...SEVERITIES]), { description: "Any of these severities." })),
        service: Type.Optional(
          oneOrMany(text("Id of a business service."), { description: "One of these services is hit." }),
        ),
        owner: Type.Optional(
          oneOrMany(text("Owner as in the CMDB."), {
            description: "The root cause, or a service that is hit, has one of these owners.",
          }),
        ),
        matchers: Type.Optional(
          oneOrMany(matcher({ description: "On labels of the root CI and of the alerts." }), {
            description: "All of these hold.",
          }),
        ),
        times: Type.Optional(
          oneOrMany(text("Name of a time interval."), { description: "One of these time intervals is active." }),
        ),
      },
      { default: {}, description: "What an incident must be for this route; nothing said = every incident." },
    ),
    receivers: oneOrMany(text("Name of a receiver."), {
      description: "Who is told. `[]`: nobody, and the search ends here.",
    }),
    continue: Type.Boolean({ default: false, description: "Go on to the next routes although this one has matched." }),
  },
  { description: "One rule of who is told." },
);

const TimeIntervalSchema = Type.Object(
  {
    weekdays: Type.Optional(
      oneOrMany(text("`monday`, or a range `monday:friday`."), { description: "On these days of the week." }),
    ),
    times: Type.Optional(
      oneOrMany(text("`09:00-17:00`; past midnight where the end is earlier."), {
        description: "Between these times of the day; nothing said = the whole day.",
      }),
    ),
    daysOfMonth: Type.Optional(
      oneOrMany(Type.Union([Type.Integer(), text("`1:7`; negative numbers count from the end, -1 = the last day.")]), {
        description: "On these days of the month.",
      }),
    ),
    months: Type.Optional(
      oneOrMany(Type.Union([Type.Integer(), text("`january`, `1`, or a range `june:august`.")]), {
        description: "In these months.",
      }),
    ),
    years: Type.Optional(
      oneOrMany(Type.Union([Type.Integer(), text("`2026`, or a range `2026:2027`.")]), {
        description: "In these years.",
      }),
    ),
    timeZone: timeZone({ default: "UTC", description: "The zone in which all of this is meant." }),
  },
  { description: "A span that returns; all that is said must hold." },
);

const InhibitionSchema = Type.Object(
  {
    source: oneOrMany(matcher({ description: "On the alert that mutes." }), {
      minItems: 1,
      description: "The alert that mutes.",
    }),
    target: oneOrMany(matcher({ description: "On the alert that is muted." }), {
      minItems: 1,
      description: "The alerts that are muted.",
    }),
    equal: Type.Array(text("Name of a label."), {
      default: [],
      description: "Labels that both must have with the same value.",
    }),
  },
  { description: "While an alert that matches `source` fires, alerts that match `target` notify nobody." },
);

const MaintenanceSchema = Type.Object(
  {
    id: Type.Optional(
      Type.String({ pattern: NAME, description: "A name of its own; made from the content where none is given." }),
    ),
    cis: oneOrMany(text("Id, name or alias of a CI."), { minItems: 1, description: "What is worked on." }),
    from: time({ description: "Start of the work." }),
    to: time({ description: "Planned end; alerts that start later are ordinary alerts again." }),
    includeDependents: Type.Boolean({
      default: true,
      description: "Covers also every CI that cannot work without these.",
    }),
    reason: Type.String({ default: "", description: "Why, for those who ask." }),
    owner: Type.Optional(text("Who answers for it.")),
  },
  { description: "A planned period." },
);

const LimitsSection = Type.Object(
  {
    allowPrivateTargets: Type.Array(cidr({ description: "A network or address." }), {
      default: [],
      description:
        "Private, loopback and link-local addresses that outgoing calls (receivers) may reach. Without it they are refused, so that nobody turns the collector against your own network.",
    }),
    activeAlerts: Type.Integer({
      default: 1_000_000,
      minimum: 1000,
      maximum: 10_000_000,
      description: "Active alerts in memory; more are refused with a reason.",
    }),
    resolvedAlerts: Type.Integer({
      default: 200_000,
      minimum: 1000,
      maximum: 10_000_000,
      description: "Resolved alerts kept in memory, so that a repeat is recognised.",
    }),
    eventIds: Type.Integer({
      default: 1_000_000,
      minimum: 1000,
      maximum: 20_000_000,
      description: "Event ids remembered, so that a transport repeat is recognised.",
    }),
    bodySize: size({
      default: "8MiB",
      least: "64KiB",
      most: "256MiB",
      description: "Largest compressed request body, as it arrives.",
    }),
    decompressedSize: size({
      default: "32MiB",
      least: "64KiB",
      most: "1GiB",
      description: "Largest request body after decompression, or when it is not compressed.",
    }),
    cmdbSize: size({ default: "256MiB", least: "64KiB", most: "400MiB", description: "Largest CMDB file or import." }),
    series: Type.Integer({
      default: 1_000_000,
      minimum: 1000,
      maximum: 20_000_000,
      description: "Metric series in memory, all senders together.",
    }),
    seriesPerSender: Type.Integer({
      default: 10_000,
      minimum: 100,
      maximum: 1_000_000,
      description: "Metric series of one sender; more are dropped and counted.",
    }),
  },
  { default: {}, description: "Every queue, cache and input has a bound; these can be changed." },
);

const RetentionSection = Type.Object(
  {
    journal: duration({ default: "7d", least: "1h", description: "Recorded inputs, for replay." }),
    ledger: duration({ default: "90d", least: "1d", description: "Decisions, for `tocsin why`." }),
    incidents: duration({ default: "400d", least: "1d", description: "Closed incidents and resolved alerts." }),
    deliveries: duration({ default: "30d", least: "1h", description: "Deliveries that are done." }),
  },
  { default: {}, description: "How long things are kept on disk." },
);

const SECTIONS = {
  listen: hostPort({
    default: "127.0.0.1:8430",
    description: "Address of the HTTP API and page; port 0 takes a free one.",
  }),
  externalUrl: Type.Optional(
    url({
      description: "Where people reach the collector, for links in messages. Without it messages carry no links.",
    }),
  ),
  dataDir: path({ default: "./data", description: "Folder of the embedded store." }),
  redis: Type.Optional(
    Type.Object(
      {
        url: url({ protocols: ["redis:", "rediss:"], description: "`redis://host:6379`, or `rediss://` for TLS." }),
        username: Type.Optional(text("User of the server's access list.")),
        password: Type.Optional(secret({ description: "Its password." })),
      },
      {
        description:
          "The store when several collectors work together. It is not there yet, and refused; without it the embedded one is used.",
      },
    ),
  ),
  auth: Type.Optional(AuthSection),
  agents: AgentsSection,
  cmdb: Type.Object(
    {
      files: Type.Array(path({ description: "JSON or YAML, see the CMDB guide." }), {
        default: [],
        description: "What you have and what needs what; read again when a file changes.",
      }),
      staleAfter: duration({
        default: "14d",
        least: "1h",
        description: "A declared relation that no observing source has seen for this long counts as drift.",
      }),
    },
    { default: {}, description: "The configuration items and their relations." },
  ),
  rules: Type.Array(path({ description: "A rule pack's folder, or one file." }), {
    default: [],
    description:
      "Rules that agents and the collector evaluate; none named = the pack linux-host that comes with Tocsin.",
  }),
  correlation: CorrelationSection,
  inhibitions: Type.Array(InhibitionSchema, { default: [], description: "Mutes between alerts, as in Alertmanager." }),
  alertmanager: Type.Object(
    {
      resolveTimeout: duration({
        default: "5m",
        least: "1s",
        description: "An alert that comes by the Alertmanager API without `endsAt` resolves after this long.",
      }),
    },
    { default: {}, description: "The Alertmanager-compatible API." },
  ),
  ingest: IngestSection,
  routes: Type.Array(RouteSchema, {
    default: [],
    description: "Tried from the top; the first that matches decides, unless it says `continue`.",
  }),
  timeIntervals: Type.Record(
    Type.String({ pattern: NAME }),
    oneOrMany(TimeIntervalSchema, { minItems: 1, description: "Any of these." }),
    {
      default: {},
      description: "Named intervals for `times` of routes.",
    },
  ),
  teams: Type.Optional(notInUse({ description: "Reserved for on-call." })),
  schedules: Type.Optional(notInUse({ description: "Reserved for on-call." })),
  escalations: Type.Optional(notInUse({ description: "Reserved for on-call." })),
  maintenance: Type.Array(MaintenanceSchema, {
    default: [],
    description: "Planned work; more can be added while the collector runs.",
  }),
  retention: RetentionSection,
  limits: LimitsSection,
};

/** The whole file, except `receivers`, whose schema depends on the connectors there are. */
export const BaseSchema = Type.Object(SECTIONS);
export type ConfigData = Static<typeof BaseSchema>;
export type TimeIntervalData = Static<typeof TimeIntervalSchema>;
export type RouteData = Static<typeof RouteSchema>;

/** The whole file, with each connector under its product's name. */
export function configSchema(connectors: readonly ConnectorKind[]): TSchema {
  const kinds = Object.fromEntries(connectors.map(({ kind, schema }) => [kind, Type.Optional(schema)]));
  const receivers = Type.Record(Type.String({ pattern: NAME }), Type.Object(kinds), {
    default: {},
    description: "Whom and what to tell: a name of your choice, and exactly one kind with its settings.",
  });
  return Type.Object({ ...SECTIONS, receivers }, { description: "tocsin.yaml" });
}

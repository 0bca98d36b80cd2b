import { ALERT_STATUSES } from "../../core/model/alert.ts";
import { INCIDENT_STATUSES } from "../../core/model/incident.ts";
import { PRIORITIES, SEVERITIES } from "../../core/model/severity.ts";
import { named, nullable, time } from "./basic.ts";
import { Type } from "../../port/type-builder.ts";

const labels = Type.Record(Type.String(), Type.String());
const severity = Type.Enum([...SEVERITIES]);

export const ALERT = Type.Object(
  {
    id: Type.String(),
    ci: Type.String(),
    source: Type.String(),
    check: Type.String(),
    instance: Type.String({ description: "Empty where the check has only one." }),
    status: Type.Enum([...ALERT_STATUSES]),
    severity,
    summary: Type.String(),
    labels,
    firstSeenAt: time(),
    lastSeenAt: time(),
    resolvedAt: nullable(time()),
    count: Type.Integer({ description: "Firing events of this episode." }),
    incident: nullable(Type.String()),
    runbook: Type.Optional(Type.String({ description: "The web address that its source names for what to do." })),
    links: Type.Optional(
      Type.Array(Type.Object({ href: Type.String(), text: Type.String() }), {
        description:
          "Other pages that its source names, such as its graph or dashboard. Of an incident's alerts the first 20 have them.",
      }),
    ),
    suppressedBy: Type.Optional(
      Type.Array(Type.String(), {
        description:
          "In the list of alerts, what mutes it: silence:ID, maintenance:ID, inhibition:ALERT, dependency:CI.",
      }),
    ),
  },
  { $id: "Alert", description: "The deduplicated condition: one for each CI, source, check and instance." },
);

export const ROOT_CAUSE = Type.Object(
  {
    ci: nullable(Type.String({ description: "null: no single CI is at fault." })),
    confidence: Type.Number({ minimum: 0, maximum: 1 }),
    inferred: Type.Boolean({ description: "The CI itself sent nothing; its dependents say so." }),
    candidates: Type.Array(
      Type.Object({ ci: Type.String(), score: Type.Number(), reasons: Type.Array(Type.String()) }),
      { description: "Best first; reasons strongest first." },
    ),
    change: nullable(Type.String({ description: "Event id of the change that explains the fault." })),
    rootless: Type.Optional(Type.String({ description: "Why nobody is at fault; only where `ci` is null." })),
  },
  { $id: "RootCause" },
);

export const INCIDENT = Type.Object(
  {
    id: Type.String(),
    number: Type.Integer(),
    status: Type.Enum([...INCIDENT_STATUSES]),
    severity,
    priority: Type.Enum([...PRIORITIES]),
    title: Type.String(),
    openedAt: time(),
    acknowledgedAt: nullable(time()),
    resolvedAt: nullable(time()),
    rootCause: named("RootCause"),
    impact: Type.Object({
      services: Type.Array(
        Type.Object({
          ci: Type.String(),
          criticality: Type.Number(),
          redundancyLeft: nullable(Type.Number()),
        }),
      ),
      cis: Type.Array(Type.String()),
    }),
    alerts: Type.Array(named("Alert")),
    owner: nullable(Type.String()),
    timeline: Type.Array(
      Type.Object({ at: time(), kind: Type.String(), text: Type.String(), actor: nullable(Type.String()) }),
    ),
    revision: Type.Integer(),
    mergedInto: nullable(Type.String()),
    problem: nullable(Type.String()),
    muted: Type.Optional(
      Type.Array(
        Type.Object({
          by: Type.String({ description: "silence, maintenance, inhibition or dependency" }),
          id: Type.String({ description: "Of the silence, the window, the alert or the CI." }),
          owner: nullable(Type.String()),
          reason: Type.String(),
          until: nullable(time()),
        }),
        { description: "While all that is active in it is muted: by what. Absent where something of it may be told." },
      ),
    ),
    configurationItems: Type.Optional(
      Type.Array(
        Type.Object({ id: Type.String(), name: Type.String(), type: Type.String(), owner: nullable(Type.String()) }),
        { description: "What the CMDB says now of the root cause and of the services that are hit." },
      ),
    ),
    runbooks: Type.Optional(
      Type.Array(Type.Object({ check: Type.String(), href: Type.String() }), {
        description: "What to do, for the checks that have a runbook: a path of the collector or a web address.",
      }),
    ),
    undelivered: Type.Optional(
      Type.Array(
        Type.Object({
          receiver: Type.String(),
          kind: Type.String(),
          page: Type.Boolean(),
          at: time("When it was decided."),
          attempts: Type.Integer({ description: "Attempts at it that have failed." }),
          failure: nullable(Type.String({ description: "Why the last attempt at this receiver failed." })),
        }),
        { description: "On the single incident: messages that have not come to their receivers yet." },
      ),
    ),
    changeLinks: Type.Optional(
      Type.Array(Type.Object({ href: Type.String(), text: Type.String() }), {
        description: "On the single incident: pages that the source of its root cause's change names.",
      }),
    ),
    diagnostics: Type.Optional(
      Type.Array(
        Type.Object({
          alert: Type.String(),
          ci: Type.String(),
          check: Type.String(),
          instance: Type.String(),
          parts: Type.Record(Type.String(), Type.String(), {
            description:
              "Text by part: recorder (the last minutes at 1 s), processes, sockets, disks, kernel, journal.",
          }),
        }),
        { description: "What agents recorded of their hosts when alerts began; only on the single incident." },
      ),
    ),
  },
  { $id: "Incident", description: "The alerts that one fault explains." },
);

export const PROBLEM = Type.Object(
  {
    id: Type.String(),
    rootCause: Type.String(),
    incidents: Type.Array(Type.String()),
    firstAt: time(),
    lastAt: time(),
    count: Type.Integer(),
    lastFix: nullable(Type.String()),
  },
  { $id: "Problem", description: "The recurring incidents of one root cause." },
);

export const LEDGER_RECORD = Type.Object(
  {
    number: Type.Integer(),
    at: time(),
    decision: Type.String(),
    incident: nullable(Type.String()),
    alert: nullable(Type.String()),
    ci: nullable(Type.String()),
    rule: Type.String(),
    reasons: Type.Array(Type.String()),
    counterfactual: nullable(Type.String()),
    facts: Type.Record(Type.String(), Type.Unknown()),
  },
  { $id: "LedgerRecord", description: "One decision, also one not to page: by which rule, on which facts." },
);

const LINKS = Type.Array(Type.Object({ href: Type.String(), text: Type.String() }));

export const CHANGE = Type.Object(
  {
    event: Type.String(),
    ci: Type.String(),
    at: time(),
    check: Type.String(),
    summary: Type.String(),
    links: Type.Optional(LINKS),
  },
  { $id: "Change", description: "A deployment, package or configuration change." },
);

export const ENROLMENT = Type.Object(
  {
    id: Type.String(),
    ci: nullable(Type.String({ description: "null = not used yet, and good for any." })),
    status: Type.Enum(["open", "enrolled", "expired", "revoked"]),
    createdAt: time(),
    createdBy: Type.String(),
    expiresAt: time("Of the agent's token, or of the enrolment token while it is open."),
    agentId: nullable(Type.String()),
    enrolledAt: nullable(time()),
  },
  { $id: "Enrolment", description: "A token for one agent to enrol with, and who used it. No secrets." },
);

export const AGENT = Type.Object(
  {
    agentId: Type.String(),
    ci: Type.String(),
    version: Type.String(),
    intervalMs: Type.Number(),
    firstSeenAt: time(),
    lastSeenAt: time(),
    status: Type.Enum(["reporting", "silent"]),
    duplicate: Type.Boolean(),
    series: Type.Integer(),
  },
  { $id: "Agent" },
);

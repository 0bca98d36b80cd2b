import { SEVERITIES } from "../../core/model/severity.ts";
import { LABEL_NAME_LENGTH_MAX, LABEL_VALUE_LENGTH_MAX, LABELS_MAX, LINKS_MAX, NAME_LENGTH_MAX } from "./read-event.ts";
import { Type } from "../../port/type-builder.ts";

const name = (description: string) => Type.String({ minLength: 1, maxLength: NAME_LENGTH_MAX, description });
const labelMap = (description: string, maxLength?: number) =>
  Type.Record(
    Type.String({ pattern: `^.{1,${LABEL_NAME_LENGTH_MAX}}$` }),
    Type.String(maxLength === undefined ? {} : { maxLength }),
    { maxProperties: LABELS_MAX, description },
  );

/** A native event on the wire, for the OpenAPI document; `readEvent` is the judge, and a test holds the two together. */
export const WIRE_EVENT_SCHEMA = Type.Object(
  {
    id: Type.Optional(name("Unique within `source`; a second event with the same id is a repeat and changes nothing.")),
    source: name("Who says so: `agent`, `nagios` …"),
    ci: name("The configuration item: its id, name or alias."),
    check: name("What was looked at: `disk_full`."),
    instance: Type.Optional(
      Type.String({ maxLength: NAME_LENGTH_MAX, description: "Which of several: `/var`, `eth0`." }),
    ),
    status: Type.Enum(["firing", "resolved"]),
    severity: Type.Enum([...SEVERITIES]),
    summary: Type.String({ minLength: 1, description: "One line for people; beyond 4096 characters it is cut." }),
    time: Type.Optional(
      Type.String({
        format: "date-time",
        description: "The source's clock, RFC 3339 with a zone; default: the time of receipt.",
      }),
    ),
    labels: Type.Optional(labelMap("Take part in matching.", LABEL_VALUE_LENGTH_MAX)),
    annotations: Type.Optional(labelMap("Are only shown; `since` says when the condition began.")),
    links: Type.Optional(
      Type.Array(Type.Object({ href: Type.String(), text: Type.Optional(Type.String()) }), {
        description: `At most ${LINKS_MAX}; only http and https addresses are kept.`,
      }),
    ),
    kind: Type.Optional(
      Type.Enum(["alert", "change"], {
        description:
          "`change`: a deployment or change of configuration, which is never an alert by itself. Default `alert`.",
      }),
    ),
    expiresAfter: Type.Optional(
      Type.String({ description: "The alert resolves by itself when it was not repeated for this long: `30s`, `5m`." }),
    ),
  },
  { $id: "WireEvent", description: "Unknown keys pass." },
);

const ANSWER = Type.Object(
  {
    accepted: Type.Integer(),
    duplicates: Type.Integer(),
    rejected: Type.Array(Type.Object({ index: Type.Integer(), code: Type.String(), message: Type.String() })),
  },
  { $id: "EventsAnswer" },
);

export const EVENTS_SCHEMA = {
  operationId: "sendEvents",
  tags: ["events"],
  summary: "Send events: one, an array, or lines of JSON. A bad element never sinks the batch.",
  body: Type.Union([WIRE_EVENT_SCHEMA, Type.Array(WIRE_EVENT_SCHEMA)]),
  response: { 202: ANSWER },
};

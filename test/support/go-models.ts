/**
 * Answers as Go programs decode them: what is missing, null or of another type there fails or is dereferenced. Written from
 * the sources of karma (internal/mapper/v017, internal/verprobe) and of Grafana (pkg/services/ngalert/api,
 * public/app/plugins/datasource/alertmanager), whose models are those of Alertmanager's api/v2/models.
 */
export type GoType =
  | "string"
  | "bool"
  /** RFC 3339, as `time.Time` and `strfmt.DateTime` read it. */
  | "time"
  /** A map of texts. */
  | "labels"
  | { oneOf: readonly string[] }
  | { list: GoType }
  /** A name with `?` may be absent; all others are pointers that are dereferenced, or validated as required. */
  | { fields: Readonly<Record<string, GoType>> };

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What the decoder, or the code behind it, would stumble over; empty = nothing. */
export function goFaults(type: GoType, value: unknown, path = ""): string[] {
  const bad = (what: string): string[] => [`${path}: ${what}, not ${JSON.stringify(value)}`];
  if (type === "string") return typeof value === "string" ? [] : bad("a string");
  if (type === "bool") return typeof value === "boolean" ? [] : bad("a bool");
  if (type === "time") return typeof value === "string" && RFC3339.test(value) ? [] : bad("a time");
  if (type === "labels") {
    if (!isObject(value)) return bad("a map");
    return Object.entries(value).flatMap(([name, text]) => goFaults("string", text, `${path}.${name}`));
  }
  if ("oneOf" in type) return type.oneOf.includes(value as string) ? [] : bad(type.oneOf.join(" or "));
  if ("list" in type) {
    if (!Array.isArray(value)) return bad("a list");
    return value.flatMap((item, index) => goFaults(type.list, item, `${path}[${index}]`));
  }
  if (!isObject(value)) return bad("an object");
  return Object.entries(type.fields).flatMap(([name, field]) => {
    const isOptional = name.endsWith("?");
    const key = isOptional ? name.slice(0, -1) : name;
    return isOptional && value[key] === undefined ? [] : goFaults(field, value[key], `${path}.${key}`);
  });
}

const receiver: GoType = { fields: { name: "string" } };

const gettableAlert: GoType = {
  fields: {
    annotations: "labels",
    endsAt: "time",
    fingerprint: "string",
    receivers: { list: receiver },
    startsAt: "time",
    status: {
      fields: {
        inhibitedBy: { list: "string" },
        silencedBy: { list: "string" },
        "mutedBy?": { list: "string" },
        state: { oneOf: ["unprocessed", "active", "suppressed"] },
      },
    },
    updatedAt: "time",
    "generatorURL?": "string",
    labels: "labels",
  },
};

export const GETTABLE_ALERTS: GoType = { list: gettableAlert };

export const ALERT_GROUPS: GoType = {
  list: { fields: { alerts: { list: gettableAlert }, labels: "labels", receiver } },
};

export const GETTABLE_SILENCE: GoType = {
  fields: {
    id: "string",
    status: { fields: { state: { oneOf: ["expired", "active", "pending"] } } },
    updatedAt: "time",
    comment: "string",
    createdBy: "string",
    endsAt: "time",
    startsAt: "time",
    // karma dereferences `isEqual` without a look.
    matchers: { list: { fields: { isEqual: "bool", isRegex: "bool", name: "string", value: "string" } } },
  },
};

export const GETTABLE_SILENCES: GoType = { list: GETTABLE_SILENCE };

export const POSTED_SILENCE: GoType = { fields: { silenceID: "string" } };

export const ALERTMANAGER_STATUS: GoType = {
  fields: {
    cluster: {
      fields: {
        "name?": "string",
        peers: { list: { fields: { address: "string", name: "string" } } },
        status: { oneOf: ["ready", "settling", "disabled"] },
      },
    },
    config: { fields: { original: "string" } },
    uptime: "time",
    versionInfo: {
      fields: {
        branch: "string",
        buildDate: "string",
        buildUser: "string",
        goVersion: "string",
        revision: "string",
        version: "string",
      },
    },
  },
};

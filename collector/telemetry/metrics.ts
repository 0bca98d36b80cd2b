/** One metric of the collector itself. Labels have values from closed lists: never a CI, an id or a message. */
export interface MetricDefinition {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the metric's unit. */
  readonly buckets?: readonly number[];
}

type Labels = readonly string[];

const counter = (name: string, help: string, ...labels: Labels): MetricDefinition => ({
  name,
  type: "counter",
  help,
  labels,
});
const gauge = (name: string, help: string, ...labels: Labels): MetricDefinition => ({
  name,
  type: "gauge",
  help,
  labels,
});
const histogram = (name: string, help: string, buckets: readonly number[], ...labels: Labels): MetricDefinition => ({
  name,
  type: "histogram",
  help,
  labels,
  buckets,
});

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const HTTP: readonly MetricDefinition[] = [
  counter("tocsin_http_requests_total", "Requests answered.", "route", "method", "status"),
  histogram(
    "tocsin_http_request_duration_seconds",
    "From the request's headers to the end of the answer.",
    SECONDS,
    "route",
  ),
  counter("tocsin_http_refused_total", "Requests refused, by code.", "code"),
  gauge("tocsin_enrolments", "Enrolments of agents, by status: open, enrolled, expired, revoked.", "status"),
  counter(
    "tocsin_enrolment_requests_total",
    "Agents that asked for a token of their own, by what became of it.",
    "outcome",
  ),
  gauge("tocsin_http_body_bytes", "Bytes of request bodies that are being read or handled now."),
  gauge("tocsin_stream_clients", "Readers of the stream of changes."),
  counter("tocsin_stream_dropped_total", "Readers of the stream that were dropped, by reason.", "reason"),
];

const INGEST: readonly MetricDefinition[] = [
  counter("tocsin_ingest_events_total", "Events by adapter and what became of them.", "adapter", "outcome"),
  counter(
    "tocsin_ingest_dropped_total",
    "Parts of requests that an adapter left out before the core saw them, by adapter and reason.",
    "adapter",
    "reason",
  ),
  counter("tocsin_event_rules_total", "Events that a rule changed or left out, by what it did.", "action"),
  counter("tocsin_samples_total", "Samples taken in, by source.", "source"),
  counter("tocsin_samples_rejected_total", "Samples refused, by source and reason.", "source", "reason"),
  counter("tocsin_log_records_total", "Log records received, by what became of them.", "outcome"),
  counter("tocsin_heartbeats_total", "Heartbeats of agents, by what became of them.", "outcome"),
  counter(
    "tocsin_detections_total",
    "Conditions that detection in the collector found, by what became of them.",
    "outcome",
  ),
];

const SERIES: readonly MetricDefinition[] = [
  gauge("tocsin_series", "Series that are live in memory."),
  gauge("tocsin_series_senders", "Senders of series that are live in memory."),
  gauge("tocsin_series_shapes", "Different names with labels, shared by all senders."),
  counter("tocsin_series_stale_total", "Series that were not heard again and were removed."),
  gauge("tocsin_agents", "Agents by status.", "status"),
  counter("tocsin_observations_total", "Tellings of agents of what they see around them."),
  counter("tocsin_observations_dropped_total", "What agents saw and there was no room for, by reason.", "reason"),
  counter("tocsin_observed_strangers_total", "Neighbours that neither an agent nor the CMDB knows."),
  gauge("tocsin_observed_relations", "Pairs of CIs and ports that agents saw talking."),
];

const CORE: readonly MetricDefinition[] = [
  counter("tocsin_inputs_total", "Inputs that the core took, by kind.", "kind"),
  counter("tocsin_alerts_total", "Changes of alerts, by kind of change.", "change"),
  counter("tocsin_incidents_total", "Changes of incidents, by kind of change.", "change"),
  counter("tocsin_events_refused_total", "Events that the core refused, by reason.", "reason"),
  counter(
    "tocsin_notifications_decided_total",
    "Notifications decided, by kind and whether they page.",
    "kind",
    "page",
  ),
  counter("tocsin_core_failures_total", "Inputs on which the core failed and was built anew, by kind.", "kind"),
  counter("tocsin_not_observing_total", "Gaps in which the process did not observe (stopped, suspended)."),
  gauge("tocsin_open_incidents", "Incidents that are open or acknowledged."),
  gauge("tocsin_active_alerts", "Alerts that are not resolved."),
  gauge("tocsin_cis", "Configuration items known, unknown ones that were reported included."),
  gauge("tocsin_relations", "Relations between configuration items."),
];

const RUNTIME: readonly MetricDefinition[] = [
  gauge("tocsin_inbox_inputs", "Inputs that wait for the core, by lane.", "lane"),
  gauge("tocsin_inbox_bytes", "Bytes of inputs that wait for the core."),
  counter(
    "tocsin_inbox_refused_total",
    "Inputs refused because there were too many, by lane and reason.",
    "lane",
    "reason",
  ),
  counter(
    "tocsin_letters_unread_total",
    "Requests left out because what was stored of them could not be read, by reader: a bug.",
    "reader",
  ),
  histogram(
    "tocsin_acknowledge_duration_seconds",
    "From an input's arrival to its durable acknowledgement.",
    SECONDS,
    "lane",
  ),
  counter("tocsin_commits_total", "Commits, by result.", "result"),
  histogram("tocsin_commit_duration_seconds", "Duration of commits, the wait for the disk included.", SECONDS),
  histogram("tocsin_commit_inputs", "Inputs in one commit.", [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000]),
  counter("tocsin_changes_lost_total", "Changes that readers were not told of, because there were too many at once."),
];

const STORE: readonly MetricDefinition[] = [
  gauge("tocsin_store_bytes", "Size of the store on disk."),
  gauge("tocsin_store_free_bytes", "Free space of the file system that the store is on."),
  gauge("tocsin_store_rows", "Rows of the store, by table.", "table"),
  counter("tocsin_compactions_total", "Rounds of compaction, by whether there was more to do.", "result"),
];

const DELIVERY: readonly MetricDefinition[] = [
  gauge("tocsin_outbox_waiting", "Notifications that wait to be delivered, by receiver.", "receiver"),
  gauge("tocsin_delivery_in_flight", "Attempts under way, by receiver.", "receiver"),
  gauge(
    "tocsin_delivery_breaker_open",
    "Whether a receiver is left alone after many failures (1) or not (0).",
    "receiver",
  ),
  counter(
    "tocsin_ticket_checks_total",
    "Looks whether the ticket of an open incident is open, by receiver and what was found.",
    "receiver",
    "result",
  ),
  counter("tocsin_delivery_attempts_total", "Attempts to deliver, by receiver and result.", "receiver", "result"),
  counter(
    "tocsin_deliveries_total",
    "Notifications that were concluded, by receiver, kind and result.",
    "receiver",
    "kind",
    "result",
  ),
  histogram("tocsin_delivery_duration_seconds", "Duration of one attempt, by receiver.", SECONDS, "receiver"),
  histogram(
    "tocsin_notification_delay_seconds",
    "From the decision to the receiver's acceptance, by kind.",
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
    "kind",
  ),
];

const HEALTH: readonly MetricDefinition[] = [
  gauge(
    "tocsin_config_last_reload_successful",
    "Whether what is in use is what the configuration and its rule packs say (1), or a reload found mistakes in them (0).",
  ),
  counter("tocsin_memory_releases_total", "Idle moments in which memory was given back to the system."),
  counter("tocsin_memory_released_bytes_total", "Resident memory that was given back to the system in idle moments."),
  gauge("tocsin_progress_waiting_seconds", "How long due work has not moved, by kind; health is read from it.", "kind"),
  counter("tocsin_telemetry_undeclared_total", "Metrics used in the code that the table of metrics does not have."),
];

const BUILD: readonly MetricDefinition[] = [
  gauge("tocsin_build_info", "Constant 1, with the version.", "version", "node_version"),
  gauge(
    "alertmanager_build_info",
    "Constant 1, with the version of the Alertmanager API that is spoken here: clients such as karma look for it.",
    "version",
    "revision",
    "branch",
  ),
];

/** Every metric that the collector has, and nothing else: the reference page and a test are made from this table. */
export const METRICS: readonly MetricDefinition[] = [
  ...HTTP,
  ...INGEST,
  ...SERIES,
  ...CORE,
  ...RUNTIME,
  ...STORE,
  ...DELIVERY,
  ...HEALTH,
  ...BUILD,
];

/** The newest release of Alertmanager whose API v2 we follow. */
export const ALERTMANAGER_API_VERSION = "0.34.0";

import { readFileSync } from "node:fs";
import { formatDuration } from "../../protocol/duration.ts";
import type { Finding } from "../../protocol/finding.ts";
import { loadConfig } from "../composition/load-config.ts";
import { ciLabelsOf, mappingOf } from "../composition/ingest-settings.ts";
import type { TocsinConfig } from "../config/config.ts";
import type { Event } from "../core/model/event.ts";
import { formatTime } from "../core/model/time.ts";
import { mapDocument } from "../ingest/webhook/generic/mapping.ts";
import { KINDS } from "../ingest/webhook/kinds.ts";
import { type MapContext, webhookMessage } from "../ingest/webhook/webhook-kind.ts";
import { Refusal } from "../port/ingest.ts";
import { printable } from "./table.ts";

/** What one message would become: what `tocsin check CONFIG --sample FILE` shows. */
export interface SampleReport {
  webhook: string;
  events: Event[];
  /** Elements that became nothing, and why. */
  left: string[];
}

export type SampleResult =
  | { status: "mapped"; report: SampleReport }
  | { status: "failed"; message: string }
  | { status: "invalid"; findings: readonly Finding[] };

const failed = (message: string): SampleResult => ({ status: "failed", message });

/**
 * Runs a message that somebody kept through the mapping of a webhook, without a collector.
 *
 * @param name of the webhook; without it the only mapping of the configuration is taken.
 * @param now the moment at which the message is taken to come.
 */
export function checkSample(
  configFile: string | undefined,
  sampleFile: string,
  name: string | undefined,
  now: number,
): SampleResult {
  const loaded = loadConfig(configFile, {});
  if (loaded.status === "invalid") return { status: "invalid", findings: loaded.findings };
  const { config } = loaded;
  let bytes: Buffer;
  try {
    bytes = readFileSync(sampleFile);
  } catch (error) {
    return failed(`the sample cannot be read: ${(error as Error).message}`);
  }
  const mappings = Object.keys(config.ingest.webhooks).filter(
    (key) => config.ingest.webhooks[key]?.mapping !== undefined,
  );
  const webhook = name ?? (mappings.length === 1 ? mappings[0] : undefined);
  if (webhook === undefined)
    return failed(
      `say which webhook with --webhook NAME: ${[...mappings, ...KINDS.map((kind) => kind.name)].join(", ")}`,
    );
  const context: MapContext = {
    now,
    isKnownCi: () => false,
    ciLabels: ciLabelsOf(config.ingest),
    openAlert: () => undefined,
  };
  try {
    return mapSample(config, webhook, bytes, context);
  } catch (error) {
    if (error instanceof Refusal) return failed(error.message);
    throw error;
  }
}

function mapSample(config: TocsinConfig, webhook: string, bytes: Buffer, context: MapContext): SampleResult {
  const message = webhookMessage({}, bytes);
  const mapping = config.ingest.webhooks[webhook]?.mapping;
  if (mapping !== undefined) {
    const results = mapDocument(webhook, mappingOf(mapping), message.json(), context);
    if (results === undefined) return failed(`there is no list at ${mapping.each ?? ""}`);
    const events = results.flatMap((result) => (result.status === "mapped" ? [result.event] : []));
    const left = results.flatMap((result, index) => {
      if (result.status === "ignored")
        return [`element ${index + 1} is ignored: its status is ${JSON.stringify(result.word)}`];
      return result.status === "incomplete"
        ? [`element ${index + 1} gives nothing for ${result.missing.join(", ")}`]
        : [];
    });
    return { status: "mapped", report: { webhook, events, left } };
  }
  const kind = KINDS.find((candidate) => candidate.name === webhook);
  if (kind === undefined) return failed(`there is no webhook ${JSON.stringify(webhook)} here`);
  const { events, dropped = {} } = kind.map(message, context);
  const left = Object.entries(dropped).flatMap(([reason, count]) =>
    count > 0 ? [`${count} left out: ${reason}`] : [],
  );
  return { status: "mapped", report: { webhook, events: [...events], left } };
}

const pairs = (texts: Readonly<Record<string, string>>): string =>
  Object.entries(texts)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

/** For people: one block an event. */
export function sampleText({ webhook, events, left }: SampleReport): string {
  const blocks = events.map((event, index) => {
    const { kind, status, severity, ci, check, instance, summary, source, occurredAt, id, idGiven } = event;
    const rows: [string, string][] = [
      ["ci", ci],
      ["check", check],
      ["instance", instance],
      ["status", kind === "change" ? "a change" : `${status}, ${severity}`],
      ["summary", summary],
      ["source", source],
      ["time", formatTime(occurredAt)],
      ["id", idGiven ? id : ""],
      ["labels", pairs(event.labels)],
      ["notes", pairs(event.annotations)],
      ["links", pairs(Object.fromEntries(event.links.map(({ href, text }) => [text, href])))],
      ["over", event.expiresAfterMs === null ? "" : `${formatDuration(event.expiresAfterMs)} after it was last said`],
    ];
    const lines = rows
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `  ${name.padEnd(9)}${printable(value)}`);
    return [`event ${index + 1} of webhook ${webhook}`, ...lines].join("\n");
  });
  const nothing = blocks.length + left.length === 0 ? [`nothing in it becomes an event of webhook ${webhook}`] : [];
  return [...blocks, ...left, ...nothing, ""].join("\n");
}

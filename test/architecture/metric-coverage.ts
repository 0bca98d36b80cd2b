import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { createCpuCollector } from "../../agent/sample/cpu.ts";
import { type Series, SeriesTable } from "../../agent/sample/series-table.ts";
import { toNodeExporter } from "../../protocol/node-exporter-name.ts";
import { RecordedHostFiles } from "../support/recorded-host-files.ts";
import { RECORDED_HOSTS, recordedRounds, sampleRecorded } from "../support/recorded-hosts.ts";

/** What a specification wants of one metric, and what of it no recorded host gives. */
export interface Coverage {
  name: string;
  /** By its OpenTelemetry name, where that is another. */
  inner: string;
  wanted: { type: string; unit: string; attributes: readonly string[] };
  found: { type: string; unit: string; attributes: readonly string[] } | null;
  /** `name`, `name{attribute}` or `name{attribute=value}`, each with its reason; "" = nobody gave one. */
  missing: readonly { what: string; reason: string }[];
}

/**
 * Everything that the two specifications name and the agent does not sample on Linux, with the reason. An entry that is not needed fails the test, as
 * does one that is.
 */
export const REASONS: Readonly<Record<string, string>> = {
  "system.memory.usage{state=inactive}":
    'of other systems; Linux has it as `system.linux.memory.meminfo{field="Inactive"}`',
  "system.memory.utilization{state=inactive}": "of other systems, as before",
  "system.paging.usage{state=cached}":
    'Linux does not tell it by device; the host\'s is `system.linux.memory.meminfo{field="SwapCached"}`',
  "system.paging.utilization{state=cached}": "as before",
  node_memory_available_bytes: "of macOS and AIX",
  node_memory_compressed_bytes: "of macOS and AIX",
  node_memory_internal_bytes: "of macOS and AIX",
  node_memory_purgeable_bytes: "of macOS and AIX",
  node_memory_total_bytes: "of macOS and AIX",
  node_memory_wired_bytes: "of macOS and AIX",
};

/** Not sent unless the agent's file asks for it, or only of what it names. */
export const BY_CONFIGURATION: Readonly<Record<string, string>> = {
  "system.cpu.utilization{cpu}": "`sample.eachCpu: true`; by default of the host as a whole",
  "process.*": "`watch.processes`, and the first `sample.topProcesses` (5) by CPU and as many by memory",
  "process.disk.io": "of processes of the agent's own user, and of all as root: the kernel tells nobody else",
  "system.linux.textfile.error, system.linux.textfile.mtime": "`sample.textfiles`, with what the files hold",
  "systemd.unit.state, systemd.service.restarts":
    "services that run, are to run, or have failed; others that `sample.units` names; watched units",
};

interface Digest {
  scrapers: Record<
    string,
    {
      metrics: Record<string, { type: string; monotonic?: boolean; unit: string; attributes: string[] }>;
      enums?: Record<string, string[]>;
    }
  >;
}

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** UCUM annotations differ in number between versions of the receiver: `{operations}`, `{operation}`, `{entries}`. */
export const unitOf = (unit: string): string =>
  unit.replace(/\{(\w+?)(ies|esses|(?<!s)s)\}/, (_all, stem: string, end: string) =>
    end === "ies" ? `{${stem}y}` : end === "esses" ? `{${stem}ess}` : `{${stem}}`,
  );

const missingOf = (what: string): { what: string; reason: string } => ({ what, reason: REASONS[what] ?? "" });

/** Everything that the collectors make of all recorded hosts, with what configuration adds. */
export async function everySeries(): Promise<Series[]> {
  const sampled = (await Promise.all(RECORDED_HOSTS.map(sampleRecorded))).flat().map(({ series }) => series);
  return [...sampled, ...seriesOfEachCpu()];
}

function seriesOfEachCpu(): Series[] {
  const rounds = recordedRounds("debian-12-linux-6.1");
  const files = new RecordedHostFiles(rounds[0] ?? {});
  const table = new SeriesTable();
  const collector = createCpuCollector({ files, table }, true);
  for (const [index, round] of rounds.entries()) {
    for (const [path, content] of Object.entries(round)) files.contents.set(path, content);
    collector.sample(index + 1);
  }
  return table
    .metrics()
    .flatMap(({ points }) => points)
    .filter(({ name, at }) => name === "system.cpu.utilization" && at > 0);
}

/** OpenTelemetry's host metrics receiver. */
export function coverageOfReceiver(all: readonly Series[]): Coverage[] {
  const { scrapers } = parse(read("contract/testdata/hostmetrics.digest.yaml")) as Digest;
  return Object.values(scrapers).flatMap(({ metrics, enums = {} }) =>
    Object.entries(metrics).map(([name, { type, monotonic = false, unit, attributes }]): Coverage => {
      const own = all.filter((series) => series.name === name);
      const wanted = { type: type === "sum" && monotonic ? "counter" : "gauge", unit: unitOf(unit), attributes };
      const [first] = own;
      if (first === undefined) return { name, inner: name, wanted, found: null, missing: [missingOf(name)] };
      const values = (attribute: string): Set<string | undefined> =>
        new Set(own.map(({ labels }) => labels[attribute]));
      const missing = attributes.flatMap((attribute) => {
        const has = values(attribute);
        if (![...has].some((value) => value !== undefined)) return [`${name}{${attribute}}`];
        return possible(name, attribute, enums)
          .filter((value) => !has.has(value))
          .map((value) => `${name}{${attribute}=${value}}`);
      });
      const found = { type: first.type, unit: unitOf(first.unit), attributes: attributesOf(own) };
      return { name, inner: name, wanted, found, missing: missing.map(missingOf) };
    }),
  );
}

/** The digest lists a scraper's words together: disks read and write, networks receive and transmit. */
function possible(name: string, attribute: string, enums: Readonly<Record<string, string[]>>): string[] {
  if (attribute === "direction" && name.startsWith("process.")) return ["read", "write"];
  if (attribute === "state" && name === "process.cpu.time") return ["system", "user", "wait"];
  if (attribute === "state" && name.startsWith("system.filesystem.inodes")) return ["free", "used"];
  return enums[attribute] ?? [];
}

/** node_exporter's mixin: what its dashboards, alerts and rules read. */
export function coverageOfMixin(all: readonly Series[]): Coverage[] {
  const { metrics } = JSON.parse(read("acceptance/testdata/node-mixin/node-mixin-metrics.json")) as {
    metrics: { name: string; type: string; labels: string[]; labelValues?: Record<string, string[]> }[];
  };
  const outside = all.flatMap((series) => {
    const shown = toNodeExporter(series.name, series.labels);
    return shown === null ? [] : [{ ...shown, series }];
  });
  return metrics.map(({ name, type, labels, labelValues = {} }): Coverage => {
    const own = outside.filter((each) => each.name === name);
    const wanted = { type, unit: "", attributes: labels };
    const [first] = own;
    if (first === undefined) return { name, inner: "", wanted, found: null, missing: [missingOf(name)] };
    const missing = labels.flatMap((label) => {
      const has = new Set(own.map((each) => each.labels[label]));
      if (has.size === 1 && has.has(undefined)) return [`${name}{${label}}`];
      return (labelValues[label] ?? []).filter((value) => !has.has(value)).map((value) => `${name}{${label}=${value}}`);
    });
    const shownType = first.row.untyped === true ? "untyped" : first.row.type;
    const found = {
      type: shownType,
      unit: "",
      attributes: [...new Set(own.flatMap((each) => Object.keys(each.labels)))],
    };
    return { name, inner: first.series.name, wanted, found, missing: missing.map(missingOf) };
  });
}

function attributesOf(all: readonly Series[]): string[] {
  return [...new Set(all.flatMap(({ labels }) => Object.keys(labels)))];
}

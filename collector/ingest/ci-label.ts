import type { Labels } from "../core/model/event.ts";

/** Which labels of a foreign alert name the CI. */
export interface CiLabelOptions {
  /**
   * Strongest first. The first one, `ci` by default, always wins where it is present. Of the others, the first whose
   * value names a CI that the CMDB knows wins; where none does, the first that is present.
   */
  order: readonly string[];
  /** Values of the label `job` whose `instance` is the exporter and not the thing that is ill. */
  exporterJobs: readonly string[];
}

export const DEFAULT_CI_LABELS: CiLabelOptions = {
  order: [
    "ci",
    "instance",
    "host",
    "hostname",
    "host_name",
    "node",
    "nodename",
    "server",
    "vm",
    "pod",
    "statefulset",
    "daemonset",
    "deployment",
    "persistentvolumeclaim",
    "job_name",
    "service",
    "cluster",
  ],
  exporterJobs: ["kube-state-metrics", "pushgateway"],
};

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * The host of what a scraper calls an instance: `web-1:9100`, `[fe80::1]:9100`, `https://shop.example.net:8443/login`
 * or a bare name or address. Text that has no such form comes back as it is.
 */
export function hostPart(instance: string): string {
  let rest = instance.trim();
  if (SCHEME.test(rest)) rest = rest.replace(SCHEME, "").split(/[/?#]/, 1)[0] ?? "";
  rest = rest.slice(rest.lastIndexOf("@") + 1);
  if (rest.startsWith("[")) {
    const end = rest.indexOf("]");
    if (end > 1) return rest.slice(1, end);
  }
  const colon = rest.indexOf(":");
  // Two colons without brackets: a bare IPv6 address, which has no port.
  if (colon > 0 && rest.indexOf(":", colon + 1) === -1 && /^\d+$/.test(rest.slice(colon + 1)))
    return rest.slice(0, colon);
  return rest === "" ? instance : rest;
}

const named = (label: string, value: string): string => (label === "instance" ? hostPart(value) : value);

/**
 * The name of the CI that these labels speak of, and the label that named it; undefined where no label of the order is there.
 *
 * @param isKnown whether the CMDB finds a CI by this name; called a few times at most.
 */
export function ciFromLabels(
  labels: Labels,
  options: CiLabelOptions,
  isKnown: IsKnownCi,
): { ci: string; label: string } | undefined {
  const throughExporter = options.exporterJobs.includes(labels["job"] ?? "");
  const [strongest] = options.order;
  let first: { ci: string; label: string } | undefined;
  let last: { ci: string; label: string } | undefined;
  for (const label of options.order) {
    const value = labels[label];
    if (value === undefined || value === "") continue;
    const ci = named(label, value);
    if (label === "instance" && throughExporter && label !== strongest) last = { ci, label };
    else if (label === strongest || isKnown(ci)) return { ci, label };
    else first ??= { ci, label };
  }
  return first ?? last;
}

/** What a mapping knows of the CMDB. */
export type IsKnownCi = (name: string) => boolean;

/**
 * The CI among what a message says, likeliest first: the first that the CMDB knows, else the first that is there.
 * Hosts are taken out of addresses. `unknown` where nothing is there.
 *
 * @param ids names that nobody would read (a uid, a cloud's resource id): they count only where the CMDB knows them.
 */
export function pickCi(
  candidates: readonly (string | undefined)[],
  isKnown: IsKnownCi,
  ids: readonly (string | undefined)[] = [],
): string {
  const byId = ids.find((id) => id !== undefined && isKnown(id));
  if (byId !== undefined) return byId;
  const names = candidates.flatMap((name) => (name === undefined || name.trim() === "" ? [] : [hostPart(name)]));
  return names.find(isKnown) ?? names[0] ?? "unknown";
}

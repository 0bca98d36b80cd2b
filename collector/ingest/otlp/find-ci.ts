import { AGENT_ATTRIBUTES } from "../../../protocol/agent-resource.ts";
import type { OtlpAttributes } from "../../../protocol/otlp.ts";

/**
 * Resource attributes that can name the CI, most specific first. `tocsin.ci` always decides. Of the others the first whose
 * value the CMDB knows decides: that is how a service's own metrics land on the service and those of a pod that nobody
 * wrote down land on its host. Where the CMDB knows none, the first of `FALLBACK_ORDER` that is there names an unknown CI.
 */
export const KNOWN_ORDER: readonly string[] = [
  "k8s.pod.name",
  "container.name",
  "k8s.deployment.name",
  "k8s.statefulset.name",
  "k8s.daemonset.name",
  "k8s.job.name",
  "k8s.cronjob.name",
  "service.name",
  "host.name",
  "host.id",
  "k8s.node.name",
  "cloud.resource_id",
  "host.ip",
  "k8s.cluster.name",
];

export const FALLBACK_ORDER: readonly string[] = [
  "host.name",
  "k8s.pod.name",
  "k8s.node.name",
  "service.name",
  "host.id",
  "container.name",
  "container.id",
  "cloud.resource_id",
  "service.instance.id",
];

const CI_LENGTH_MAX = 512;

/**
 * The CI that a resource is about; null where nothing names one.
 *
 * @param isKnown whether the CMDB has a CI of this id, name or alias
 */
export function findCi(resource: OtlpAttributes, isKnown: (name: string) => boolean): string | null {
  const said = named(resource, AGENT_ATTRIBUTES.ci);
  if (said !== null) return said;
  for (const key of KNOWN_ORDER) {
    const name = named(resource, key);
    if (name !== null && isKnown(name)) return name;
  }
  for (const key of FALLBACK_ORDER) {
    const name = named(resource, key);
    if (name !== null) return name;
  }
  return null;
}

function named(resource: OtlpAttributes, key: string): string | null {
  const value = resource[key];
  return value === undefined || value === "" || value.length > CI_LENGTH_MAX ? null : value;
}

/** Resource attributes that stand on the series, so that two services of one host are told apart. */
const SHOWN: readonly string[] = [
  "service.name",
  "service.namespace",
  "service.instance.id",
  "k8s.namespace.name",
  "k8s.pod.name",
  "k8s.container.name",
  "deployment.environment.name",
];

export function shownLabels(resource: OtlpAttributes): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const key of SHOWN) {
    const value = resource[key];
    if (value !== undefined && value !== "") labels[key] = value;
  }
  return labels;
}

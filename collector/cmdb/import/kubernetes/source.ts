import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import type { ForeignApi } from "../foreign-api.ts";
import { at, listOf, textAt } from "../foreign-value.ts";

const PAGE = 500;

/** Lists that are read, in this order; each with the kind that its items have. */
const LISTS: readonly (readonly [path: string, kind: string])[] = [
  ["/api/v1/nodes", "Node"],
  ["/api/v1/persistentvolumes", "PersistentVolume"],
  ["/api/v1/persistentvolumeclaims", "PersistentVolumeClaim"],
  ["/apis/apps/v1/deployments", "Deployment"],
  ["/apis/apps/v1/statefulsets", "StatefulSet"],
  ["/apis/apps/v1/daemonsets", "DaemonSet"],
  ["/apis/apps/v1/replicasets", "ReplicaSet"],
  ["/api/v1/pods", "Pod"],
  ["/api/v1/services", "Service"],
  ["/apis/networking.k8s.io/v1/ingresses", "Ingress"],
];

/** Everything of a cluster that matters here, by kind. */
export type KubernetesObjects = ReadonlyMap<string, readonly unknown[]>;

/** All items, page by page; a list that grew too old (410) is begun anew. */
async function list(api: ForeignApi, path: string): Promise<unknown[]> {
  const items: unknown[] = [];
  let next = "";
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(next === "" ? {} : { continue: next }) });
    const page = await api.get(`${path}?${query.toString()}`);
    items.push(...listOf(at(page, "items")));
    next = textAt(page, "metadata", "continue") ?? "";
  } while (next !== "");
  return items;
}

export async function kubernetesObjects(api: ForeignApi): Promise<KubernetesObjects> {
  const objects = new Map<string, unknown[]>();
  for (const [path, kind] of LISTS) objects.set(kind, await list(api, path));
  return objects;
}

/** What `kubectl get … -o json` wrote: a List whose items say their kind. */
export function objectsOfList(document: unknown): KubernetesObjects {
  const objects = new Map<string, unknown[]>();
  for (const item of listOf(at(document, "items"))) {
    const kind = textAt(item, "kind") ?? "";
    objects.set(kind, [...(objects.get(kind) ?? []), item]);
  }
  return objects;
}

const uid = (item: unknown): string => textAt(item, "metadata", "uid") ?? "";
const namespaced = (item: unknown, name: string | undefined): string =>
  `${textAt(item, "metadata", "namespace") ?? ""}/${name ?? ""}`;

/** Kinds that stand for a running program of a team; a ReplicaSet is only between a Deployment and its pods. */
const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"] as const;

type Selector = Readonly<Record<string, unknown>>;

function selects(selector: unknown, labels: unknown): boolean {
  const entries = typeof selector === "object" && selector !== null ? Object.entries(selector as Selector) : [];
  return entries.length > 0 && entries.every(([name, value]) => at(labels, name) === value);
}

/** Turns objects into CIs: nodes, volumes, workloads with their pods as members, services and ingresses. */
class ClusterDraft {
  readonly draft = new CmdbDraft();
  private readonly objects: KubernetesObjects;
  private readonly cluster: string;
  private readonly byName = new Map<string, string>();
  /** Owner of an object that is no CI itself. */
  private readonly ownerOf = new Map<string, string>();

  constructor(objects: KubernetesObjects, cluster: string) {
    this.objects = objects;
    this.cluster = cluster;
  }

  read(): ForeignCmdb {
    this.nodes();
    this.volumes();
    this.workloads();
    this.pods();
    this.services();
    this.ingresses();
    return this.draft.finish();
  }

  private items(kind: string): readonly unknown[] {
    return this.objects.get(kind) ?? [];
  }

  private add(
    kind: string,
    item: unknown,
    type: string,
    more: { aliases?: (string | undefined)[]; name?: string } = {},
  ): void {
    const name = textAt(item, "metadata", "name") ?? "";
    const own = more.name ?? (textAt(item, "metadata", "namespace") === undefined ? name : namespaced(item, name));
    this.byName.set(`${kind} ${namespaced(item, name)}`, uid(item));
    this.draft.add({
      key: uid(item),
      type,
      name: own,
      aliases: more.aliases ?? [],
      labels: {
        cluster: this.cluster,
        kind,
        namespace: textAt(item, "metadata", "namespace"),
        team: textAt(item, "metadata", "labels", "team"),
      },
      owner: textAt(item, "metadata", "labels", "team") ?? textAt(item, "metadata", "annotations", "owner"),
    });
  }

  private nodes(): void {
    for (const node of this.items("Node"))
      this.add("Node", node, "host", {
        aliases: listOf(at(node, "status", "addresses")).map((address) => textAt(address, "address")),
      });
  }

  private volumes(): void {
    for (const volume of this.items("PersistentVolume")) this.add("PersistentVolume", volume, "storage");
  }

  private workloads(): void {
    // A Deployment and a Service of one name are the rule: both must keep theirs.
    for (const kind of WORKLOADS)
      for (const item of this.items(kind))
        this.add(kind, item, "application", {
          name: `${namespaced(item, textAt(item, "metadata", "name"))} (${kind})`,
        });
    for (const set of this.items("ReplicaSet")) {
      const owner = ownerUid(set);
      if (owner !== undefined) this.ownerOf.set(uid(set), owner);
    }
  }

  private pods(): void {
    const claims = new Map(
      this.items("PersistentVolumeClaim").map((claim) => [
        namespaced(claim, textAt(claim, "metadata", "name")),
        textAt(claim, "spec", "volumeName"),
      ]),
    );
    for (const pod of this.items("Pod")) {
      const phase = textAt(pod, "status", "phase");
      if (phase === "Succeeded" || phase === "Failed") {
        this.draft.leave("podEnded");
        continue;
      }
      this.add("Pod", pod, "container", { aliases: [textAt(pod, "metadata", "name"), textAt(pod, "status", "podIP")] });
      const node = this.byName.get(`Node /${textAt(pod, "spec", "nodeName") ?? ""}`);
      if (node !== undefined) this.draft.relate(uid(pod), "runsOn", node);
      const workload = this.workloadOf(pod);
      if (workload !== undefined) this.draft.relate(workload, "hasMember", uid(pod));
      for (const volume of listOf(at(pod, "spec", "volumes"))) {
        const claim = textAt(volume, "persistentVolumeClaim", "claimName");
        const volumeName = claim === undefined ? undefined : claims.get(namespaced(pod, claim));
        const stored = this.byName.get(`PersistentVolume /${volumeName ?? ""}`);
        if (stored !== undefined) this.draft.relate(uid(pod), "storesOn", stored);
      }
    }
  }

  private services(): void {
    const selectable = this.selectable();
    for (const service of this.items("Service")) {
      this.add("Service", service, "service");
      const selector = at(service, "spec", "selector");
      const targets = (selectable.get(namespaced(service, "")) ?? []).flatMap(({ labels, target }) =>
        selects(selector, labels) ? target : [],
      );
      for (const target of new Set(targets)) this.draft.relate(uid(service), "dependsOn", target);
    }
  }

  /** By namespace: what a service may select, as the workload, and as itself where it is a pod that belongs to none. */
  private selectable(): ReadonlyMap<string, { labels: unknown; target: string }[]> {
    const found = new Map<string, { labels: unknown; target: string }[]>();
    const note = (item: unknown, labels: unknown, target: string): void => {
      const namespace = namespaced(item, "");
      const known = found.get(namespace);
      if (known === undefined) found.set(namespace, [{ labels, target }]);
      else known.push({ labels, target });
    };
    for (const kind of WORKLOADS)
      for (const item of this.items(kind)) note(item, at(item, "spec", "template", "metadata", "labels"), uid(item));
    for (const pod of this.items("Pod"))
      if (this.draft.has(uid(pod))) note(pod, at(pod, "metadata", "labels"), this.workloadOf(pod) ?? uid(pod));
    return found;
  }

  /** undefined: the pod stands alone, or belongs to something that is no CI. */
  private workloadOf(pod: unknown): string | undefined {
    const owner = ownerUid(pod);
    const workload = owner === undefined ? undefined : (this.ownerOf.get(owner) ?? owner);
    return workload !== undefined && this.draft.has(workload) ? workload : undefined;
  }

  private ingresses(): void {
    for (const ingress of this.items("Ingress")) {
      const rules = listOf(at(ingress, "spec", "rules"));
      this.add("Ingress", ingress, "service", {
        name: `${namespaced(ingress, textAt(ingress, "metadata", "name"))} (Ingress)`,
        aliases: rules.map((rule) => textAt(rule, "host")),
      });
      const backends = rules.flatMap((rule) =>
        listOf(at(rule, "http", "paths")).map((path) => textAt(path, "backend", "service", "name")),
      );
      for (const name of [...backends, textAt(ingress, "spec", "defaultBackend", "service", "name")]) {
        const service = name === undefined ? undefined : this.byName.get(`Service ${namespaced(ingress, name)}`);
        if (service !== undefined) this.draft.relate(uid(ingress), "dependsOn", service);
      }
    }
  }
}

/** The one that manages it: it makes a new one when this one dies. */
function ownerUid(item: unknown): string | undefined {
  const owners = listOf(at(item, "metadata", "ownerReferences"));
  return textAt(owners.find((owner) => at(owner, "controller") === true) ?? owners[0], "uid");
}

/** @param cluster a name for the cluster, as a label of every CI. */
export function cmdbFromKubernetes(objects: KubernetesObjects, cluster: string): ForeignCmdb {
  return new ClusterDraft(objects, cluster).read();
}

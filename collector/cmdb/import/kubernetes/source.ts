import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { at, listOf, textAt } from "../foreign-value.ts";
import type { KubernetesObjects } from "./objects.ts";

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

/** Turns objects into CIs: nodes, volumes, workloads with their pods as members, services, ingresses and routes. */
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
    this.endpoints();
    this.ingresses();
    this.routes();
    for (const reason of this.objects.unread) this.draft.leave(reason);
    return this.draft.finish();
  }

  private items(kind: string): readonly unknown[] {
    return this.objects.byKind.get(kind) ?? [];
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

  /** Whom a service leads to in truth: also where it has no selector, and somebody else keeps its endpoints. */
  private endpoints(): void {
    const pods = new Map(this.items("Pod").map((pod) => [namespaced(pod, textAt(pod, "metadata", "name")), pod]));
    for (const slice of this.items("EndpointSlice")) {
      const service = this.byName.get(
        `Service ${namespaced(slice, textAt(slice, "metadata", "labels", "kubernetes.io/service-name"))}`,
      );
      // Of a service that is gone; its slices follow.
      if (service === undefined) continue;
      for (const endpoint of listOf(at(slice, "endpoints"))) {
        const target = at(endpoint, "targetRef");
        if (textAt(target, "kind") !== "Pod") {
          this.draft.leave("endpointWithoutPod");
          continue;
        }
        const pod = pods.get(namespaced(slice, textAt(target, "name")));
        if (pod === undefined || !this.draft.has(uid(pod))) continue;
        this.draft.relate(service, "dependsOn", this.workloadOf(pod) ?? uid(pod));
      }
    }
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

  /** Routes of the Gateway API: the same to whoever calls them as an ingress. */
  private routes(): void {
    for (const route of this.items("HTTPRoute")) {
      this.add("HTTPRoute", route, "service", {
        name: `${namespaced(route, textAt(route, "metadata", "name"))} (HTTPRoute)`,
        aliases: listOf(at(route, "spec", "hostnames")).filter((name) => typeof name === "string"),
      });
      const backends = listOf(at(route, "spec", "rules")).flatMap((rule) => listOf(at(rule, "backendRefs")));
      for (const backend of backends) {
        const kind = `${textAt(backend, "group") ?? ""}/${textAt(backend, "kind") ?? "Service"}`;
        if (kind !== "/Service") {
          this.draft.leave("backendIsNoService");
          continue;
        }
        const namespace = textAt(backend, "namespace") ?? textAt(route, "metadata", "namespace") ?? "";
        const service = this.byName.get(`Service ${namespace}/${textAt(backend, "name") ?? ""}`);
        // Nothing goes to a backend without weight.
        if (service !== undefined && at(backend, "weight") !== 0) this.draft.relate(uid(route), "dependsOn", service);
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

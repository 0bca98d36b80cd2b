import { answeredList, type ForeignApi, ForeignFault } from "../foreign-api.ts";
import { at, listOf, textAt } from "../foreign-value.ts";
import { PageWatch } from "../page-watch.ts";

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

/** Lists that a cluster may lack, or keep from whoever could read the others until now. */
const OPTIONAL_LISTS: readonly (readonly [path: string, kind: string])[] = [
  ["/apis/discovery.k8s.io/v1/endpointslices", "EndpointSlice"],
  ["/apis/gateway.networking.k8s.io/v1/httproutes", "HTTPRoute"],
];

/** Everything of a cluster that matters here. */
export interface KubernetesObjects {
  byKind: ReadonlyMap<string, readonly unknown[]>;
  /** Kinds that could not be read, each with why, for the operator. */
  unread: readonly string[];
}

/** A cluster forgets what its pages were of after some minutes; more often than this it changes faster than it is read. */
const BEGUN_MAX = 3;
const GONE = 410;

/** All items; a list that grew too old while it was read is begun anew. */
async function list(api: ForeignApi, path: string): Promise<unknown[]> {
  for (let begun = 1; ; begun += 1)
    try {
      return await pages(api, path);
    } catch (error) {
      if (!(error instanceof ForeignFault) || error.status !== GONE || begun >= BEGUN_MAX) throw error;
    }
}

async function pages(api: ForeignApi, path: string): Promise<unknown[]> {
  const items: unknown[] = [];
  const watch = new PageWatch(path);
  let next = "";
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(next === "" ? {} : { continue: next }) });
    const page = await api.get(`${path}?${query.toString()}`);
    // Go writes a list that nothing was put into as null.
    const listed = at(page, "items") === null ? [] : answeredList(page, "items");
    const more = at(page, "metadata", "continue");
    // As it came: what is shortened leads nowhere.
    next = typeof more === "string" ? more : "";
    watch.take(listed, next === "" ? undefined : next);
    for (const item of listed) items.push(item);
  } while (next !== "");
  return items;
}

export async function kubernetesObjects(api: ForeignApi): Promise<KubernetesObjects> {
  const objects = new Map<string, unknown[]>();
  for (const [path, kind] of LISTS) objects.set(kind, await list(api, path));
  const unread: string[] = [];
  for (const [path, kind] of OPTIONAL_LISTS) {
    const items = await listIfThere(api, path);
    if (typeof items === "string") unread.push(`${items} ${kind}`);
    else objects.set(kind, items);
  }
  return { byKind: objects, unread };
}

/** The items, or why there are none to be had. */
async function listIfThere(api: ForeignApi, path: string): Promise<unknown[] | "kindNotServed" | "kindForbidden"> {
  try {
    return await list(api, path);
  } catch (error) {
    const status = error instanceof ForeignFault ? error.status : undefined;
    if (status === 404) return "kindNotServed";
    if (status === 403) return "kindForbidden";
    throw error;
  }
}

/**
 * What `kubectl get … -o json` wrote: a List whose items say their kind, or a list of one kind. Throws `ForeignFault` for
 * anything else: another file must not read as a cluster in which nothing is left.
 */
export function objectsOfList(document: unknown): KubernetesObjects {
  const listKind = textAt(document, "kind") ?? "";
  if (!listKind.endsWith("List") || !Array.isArray(at(document, "items")))
    throw new ForeignFault(
      `this is not what \`kubectl get nodes,pods,… -A -o json\` prints: a List with items is expected${listKind === "" ? "" : `, and this is a ${listKind}`}`,
    );
  const objects = new Map<string, unknown[]>();
  for (const item of listOf(at(document, "items"))) {
    const kind = textAt(item, "kind") ?? listKind.slice(0, -"List".length);
    const known = objects.get(kind);
    if (known === undefined) objects.set(kind, [item]);
    else known.push(item);
  }
  return { byKind: objects, unread: [] };
}

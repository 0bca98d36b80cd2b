import { expect, test } from "vitest";
import { type EmulatedRequest, withEmulator } from "../../../../test/support/foreign-emulator.ts";
import { cmdbFromKubernetes, kubernetesObjects, objectsOfList } from "./source.ts";

const meta = (name: string, uid: string, owner?: string, namespace: string | undefined = "prod"): object => ({
  metadata: {
    name,
    uid,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { team: "shop" },
    ...(owner === undefined ? {} : { ownerReferences: [{ uid: owner, controller: true }] }),
  },
});
const LABELS = { app: "shop" };

const LISTS: Record<string, object[]> = {
  "/api/v1/nodes": [
    {
      metadata: { name: "node-1", uid: "n1" },
      status: {
        addresses: [
          { type: "InternalIP", address: "10.0.0.1" },
          { type: "Hostname", address: "node-1" },
        ],
      },
    },
  ],
  "/api/v1/persistentvolumes": [{ metadata: { name: "pv-1", uid: "v1" } }],
  "/api/v1/persistentvolumeclaims": [{ ...meta("data", "c1"), spec: { volumeName: "pv-1" } }],
  "/apis/apps/v1/deployments": [{ ...meta("shop", "d1"), spec: { template: { metadata: { labels: LABELS } } } }],
  "/apis/apps/v1/statefulsets": [],
  "/apis/apps/v1/daemonsets": [],
  "/apis/apps/v1/replicasets": [meta("shop-7f", "r1", "d1")],
  "/api/v1/pods": [
    {
      ...meta("shop-7f-x", "p1", "r1"),
      spec: { nodeName: "node-1", volumes: [{ persistentVolumeClaim: { claimName: "data" } }] },
      status: { phase: "Running", podIP: "10.1.0.5" },
    },
    { ...meta("job-1", "p2"), spec: { nodeName: "node-1" }, status: { phase: "Succeeded" } },
  ],
  "/api/v1/services": [
    { ...meta("shop", "s1"), spec: { selector: LABELS } },
    { ...meta("external", "s2"), spec: {} },
  ],
  "/apis/networking.k8s.io/v1/ingresses": [
    {
      ...meta("shop", "i1"),
      spec: { rules: [{ host: "shop.example.net", http: { paths: [{ backend: { service: { name: "shop" } } }] } }] },
    },
  ],
};

/** Lists in pages of one, with a continue token. */
function apiServer({ path, query, headers }: EmulatedRequest): { status?: number; body: unknown } | undefined {
  if (headers.authorization !== "Bearer t") return { status: 401, body: { kind: "Status", reason: "Unauthorized" } };
  const all = LISTS[path];
  if (all === undefined) return undefined;
  const from = Number(query.get("continue") ?? 0);
  return {
    body: {
      kind: "List",
      metadata: from + 1 < all.length ? { continue: String(from + 1) } : {},
      items: all.slice(from, from + 1),
    },
  };
}

test("nodes, workloads with their pods, services, ingresses and volumes", async () => {
  const objects = await withEmulator(apiServer, (emulator) =>
    kubernetesObjects(emulator.api({ authorization: "Bearer t" })),
  );
  const { document, left } = cmdbFromKubernetes(objects, "eu-1");
  expect(document.cis.map(({ id, type, aliases }) => [id, type, aliases])).toEqual([
    ["node-1", "host", ["10.0.0.1", "n1"]],
    ["prod/external", "service", ["s2"]],
    ["prod/shop", "service", ["s1"]],
    ["prod/shop (deployment)", "application", ["d1"]],
    ["prod/shop (ingress)", "service", ["shop.example.net", "i1"]],
    ["prod/shop-7f-x", "container", ["shop-7f-x", "10.1.0.5", "p1"]],
    ["pv-1", "storage", ["v1"]],
  ]);
  expect(document.cis[2]).toMatchObject({
    owner: "shop",
    labels: { cluster: "eu-1", kind: "Service", namespace: "prod", team: "shop" },
  });
  expect(document.relations).toEqual([
    { from: "prod/shop", type: "dependsOn", to: "prod/shop (deployment)" },
    { from: "prod/shop (deployment)", type: "hasMember", to: "prod/shop-7f-x" },
    { from: "prod/shop (ingress)", type: "dependsOn", to: "prod/shop" },
    { from: "prod/shop-7f-x", type: "runsOn", to: "node-1" },
    { from: "prod/shop-7f-x", type: "storesOn", to: "pv-1" },
  ]);
  expect(left).toEqual({ podEnded: 1 });
});

test("a service needs the workload of the pods that it selects, and pods that stand alone", () => {
  const pod = (name: string, more: object) => ({
    kind: "Pod",
    metadata: { name, uid: name, namespace: "shop", ...more },
  });
  const items = [
    { kind: "Deployment", metadata: { name: "web", uid: "d", namespace: "shop" } },
    pod("web-1", { labels: LABELS, ownerReferences: [{ uid: "d", controller: true }] }),
    pod("web-2", { labels: LABELS, ownerReferences: [{ uid: "d", controller: true }] }),
    pod("alone", { labels: LABELS }),
    pod("elsewhere", { labels: LABELS, namespace: "other" }),
    { kind: "Service", metadata: { name: "web", uid: "s", namespace: "shop" }, spec: { selector: LABELS } },
  ];
  const { document } = cmdbFromKubernetes(objectsOfList({ kind: "List", items }), "eu-1");
  expect(document.relations.filter((relation) => JSON.stringify(relation).includes(`"from":"shop/web"`))).toEqual([
    { from: "shop/web", type: "dependsOn", to: "shop/alone" },
    { from: "shop/web", type: "dependsOn", to: "shop/web (deployment)" },
  ]);
});

test("the same from what kubectl prints", () => {
  const kinds: Record<string, string> = {
    nodes: "Node",
    persistentvolumes: "PersistentVolume",
    persistentvolumeclaims: "PersistentVolumeClaim",
    deployments: "Deployment",
    replicasets: "ReplicaSet",
    pods: "Pod",
    services: "Service",
    ingresses: "Ingress",
  };
  const items = Object.entries(LISTS).flatMap(([path, list]) =>
    list.map((item) => ({ kind: kinds[path.split("/").at(-1) ?? ""], ...item })),
  );
  const { document } = cmdbFromKubernetes(objectsOfList({ kind: "List", items }), "eu-1");
  expect(document.cis.length).toBe(7);
  expect(document.relations.length).toBe(5);
});

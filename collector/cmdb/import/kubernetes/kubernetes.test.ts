import { expect, test } from "vitest";
import { type EmulatedRequest, withEmulator } from "../../../../test/support/foreign-emulator.ts";
import { kubernetesObjects, objectsOfList } from "./objects.ts";
import { cmdbFromKubernetes } from "./source.ts";

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
  expect(left).toEqual({ podEnded: 1, "kindNotServed EndpointSlice": 1, "kindNotServed HTTPRoute": 1 });
});

test.for<[what: string, goneAnswers: number, isRead: boolean]>([
  ["once: it is begun anew", 1, true],
  ["each time: the operator is told", 99, false],
])("a list that grows too old while it is read, %s", async ([, goneAnswers, isRead]) => {
  let left = goneAnswers;
  const forgetful = (request: EmulatedRequest) => {
    const isGone = request.path === "/api/v1/pods" && request.query.get("continue") !== null && left-- > 0;
    return isGone ? { status: 410, body: { kind: "Status", reason: "Expired" } } : apiServer(request);
  };
  await withEmulator(forgetful, async (emulator) => {
    const reading = kubernetesObjects(emulator.api({ authorization: "Bearer t" }));
    if (isRead) expect((await reading).byKind.get("Pod")).toEqual(LISTS["/api/v1/pods"]);
    else await expect(reading).rejects.toThrow("answered 410");
  });
});

test("a long continue token is given back as it came", async () => {
  const token = "x".repeat(3000);
  const paged = (request: EmulatedRequest) => {
    if (request.path !== "/api/v1/nodes") return apiServer(request);
    const wanted = request.query.get("continue");
    if (wanted === null) return { body: { metadata: { continue: token }, items: [LISTS["/api/v1/nodes"]?.[0]] } };
    return wanted === token ? { body: { metadata: {}, items: [] } } : { status: 400, body: {} };
  };
  await withEmulator(paged, async (emulator) => {
    const { byKind } = await kubernetesObjects(emulator.api({ authorization: "Bearer t" }));
    expect(byKind.get("Node")).toHaveLength(1);
  });
});

const SLICE = "kubernetes.io/service-name";
const slice = (service: string, pods: readonly (string | undefined)[]): object => ({
  metadata: { name: `${service}-x1`, uid: `e-${service}`, namespace: "prod", labels: { [SLICE]: service } },
  addressType: "IPv4",
  endpoints: pods.map((name) => ({
    addresses: ["10.1.0.5"],
    conditions: { ready: true },
    ...(name !== undefined && { targetRef: { kind: "Pod", namespace: "prod", name } }),
  })),
});
const route = (name: string, hostnames: string[], backendRefs: object[]): object => ({
  ...meta(name, `h-${name}`),
  spec: { parentRefs: [{ name: "gateway" }], hostnames, rules: [{ backendRefs }] },
});
/** What clusters have since 1.21, and those with a gateway. */
const NEWER: Record<string, object[]> = {
  "/apis/discovery.k8s.io/v1/endpointslices": [
    slice("shop", ["shop-7f-x", "job-1"]),
    slice("external", ["shop-7f-x", "gone", undefined]),
    slice("nobody", ["shop-7f-x"]),
  ],
  "/apis/gateway.networking.k8s.io/v1/httproutes": [
    route(
      "shop",
      ["shop.example.net", "www.example.net"],
      [
        { name: "shop", port: 80 },
        { name: "external", weight: 0 },
      ],
    ),
    route(
      "far",
      [],
      [
        { name: "shop", namespace: "other" },
        { name: "external", kind: "Service", group: "" },
      ],
    ),
    route("odd", [], [{ name: "shop", group: "multicluster.x-k8s.io", kind: "ServiceImport" }]),
  ],
};

/** As `apiServer`, with these lists too. @param status of them instead. */
const newerApiServer =
  (status?: number) =>
  (request: EmulatedRequest): { status?: number; body: unknown } | undefined => {
    const items = NEWER[request.path];
    if (items === undefined) return apiServer(request);
    return status === undefined ? { body: { kind: "List", items } } : { status, body: { kind: "Status" } };
  };

const imported = async (answer: (request: EmulatedRequest) => { status?: number; body: unknown } | undefined) => {
  const api = { authorization: "Bearer t" };
  const objects = await withEmulator(answer, (emulator) => kubernetesObjects(emulator.api(api)));
  return cmdbFromKubernetes(objects, "eu-1");
};

test("endpoint slices say whom a service without a selector leads to, and routes which services they need", async () => {
  const { document, left } = await imported(newerApiServer());
  const before = await imported(apiServer);
  const isNew = (relation: object): boolean =>
    !JSON.stringify(before.document.relations).includes(JSON.stringify(relation));
  expect(document.relations.filter(isNew)).toEqual([
    { from: "prod/external", type: "dependsOn", to: "prod/shop (deployment)" },
    { from: "prod/far (httproute)", type: "dependsOn", to: "prod/external" },
    { from: "prod/shop (httproute)", type: "dependsOn", to: "prod/shop" },
  ]);
  expect(document.relations).toHaveLength(before.document.relations.length + 3);
  expect(document.cis.find(({ id }) => id === "prod/shop (httproute)")).toMatchObject({
    type: "service",
    aliases: ["shop.example.net", "www.example.net", "h-shop"],
    labels: { cluster: "eu-1", kind: "HTTPRoute", namespace: "prod", team: "shop" },
  });
  expect(left).toEqual({ podEnded: 1, endpointWithoutPod: 1, backendIsNoService: 1 });
});

test.for<[situation: string, status: number, reason: string]>([
  ["a cluster that does not serve them", 404, "kindNotServed"],
  ["a token that may not read them", 403, "kindForbidden"],
])("%s is read without endpoint slices and routes, and says so once", async ([, status, reason]) => {
  const { document, left } = await imported(newerApiServer(status));
  expect(document).toEqual((await imported(apiServer)).document);
  expect(left).toEqual({ podEnded: 1, [`${reason} EndpointSlice`]: 1, [`${reason} HTTPRoute`]: 1 });
});

test("a cluster that fails is not taken for one that lacks something", async () => {
  await expect(imported(newerApiServer(500))).rejects.toThrow(/endpointslices answered 500/);
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
    endpointslices: "EndpointSlice",
    httproutes: "HTTPRoute",
  };
  const items = Object.entries({ ...LISTS, ...NEWER }).flatMap(([path, list]) =>
    list.map((item) => ({ kind: kinds[path.split("/").at(-1) ?? ""], ...item })),
  );
  const { document } = cmdbFromKubernetes(objectsOfList({ kind: "List", items }), "eu-1");
  expect(document.cis.length).toBe(10);
  expect(document.relations.length).toBe(8);
});

test.each([
  { situation: "another tool's file", document: { alerts: [] }, says: /a List with items is expected$/ },
  { situation: "one object", document: { kind: "Node", metadata: { name: "n" } }, says: /and this is a Node$/ },
  { situation: "a refusal of the API", document: { kind: "Status", code: 403 }, says: /and this is a Status$/ },
  { situation: "no object at all", document: null, says: /a List with items is expected$/ },
])("$situation is refused, and not read as an empty cluster", ({ document, says }) => {
  expect(() => objectsOfList(document)).toThrow(says);
});

test("the items of a list of one kind need not say it", () => {
  const list = objectsOfList({ kind: "NodeList", items: [{ metadata: { name: "n-1", uid: "u-1" } }] });
  expect(cmdbFromKubernetes(list, "eu-1").document.cis.map(({ id }) => id)).toEqual(
    cmdbFromKubernetes(
      objectsOfList({ kind: "List", items: [{ kind: "Node", metadata: { name: "n-1", uid: "u-1" } }] }),
      "eu-1",
    ).document.cis.map(({ id }) => id),
  );
  expect(list.byKind.get("Node")).toHaveLength(1);
});

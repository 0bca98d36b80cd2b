import type { Random } from "../random.ts";
import { type World, WorldBuilder } from "../world.ts";

const NAMES = [
  "ledger",
  "quotes",
  "profile",
  "basket",
  "pricer",
  "mailer",
  "search",
  "geo",
  "fraud",
  "kyc",
  "feeds",
  "tax",
  "invoice",
  "returns",
  "media",
  "reviews",
  "rates",
  "vault",
  "rules",
  "audit",
  "match",
  "offers",
  "points",
  "labels",
];

/** Small services that call each other, on nodes in zones, with caches, queues and databases of their own. */
export function mesh(size: number, random: Random): World {
  const tools = random.chance(0.5)
    ? ["prometheus", "otel", "blackbox", "queuetool", "collector"]
    : ["prometheus", "loki", "blackbox", "queuetool", "dbtool", "snmptrap", "collector"];
  const build = new WorldBuilder("mesh", random, { domain: "int.cloud.example", tools });
  const region = build.add("region-1", "site", { criticality: 1 });
  const gateway = build.add("tgw-1", "router", { criticality: 1 });
  build.needs(gateway, "containedIn", region);
  build.world.vantage.push(gateway);
  const nodes: number[] = [];
  for (const zone of ["1a", "1b", "1c"]) {
    const net = build.add(`subnet-${zone}`, "switch", { criticality: 1 });
    build.needs(net, "connectsTo", gateway);
    const place = build.add(`az-${zone}`, "site", { criticality: 1 });
    build.needs(net, "containedIn", place);
    for (let n = 0; n < Math.max(1, Math.round(size / 60)); n += 1) {
      const node = build.add(`ip-10-${zone.charCodeAt(1)}-${n}-${random.int(2, 250)}`, "host", { criticality: 2 });
      build.needs(node, "connectsTo", net);
      build.needs(node, "containedIn", place);
      nodes.push(node);
    }
  }
  const data = build.series(Math.max(2, size / 100), (n) => `data-node-${n}`, "host", { criticality: 1 });
  const nets = build.world.cis.flatMap(({ type }, index) => (type === "switch" ? [index] : []));
  for (const one of data) build.needs(one, "connectsTo", random.pick(nets));
  const store = (id: string, type: string, criticality: number): number => {
    const made = build.add(id, type, { criticality });
    build.needs(made, "runsOn", random.pick(data));
    return made;
  };
  const coredns = store("cluster-dns", "dns", 1);
  const services: number[] = [];
  for (let index = 0; build.world.cis.length < size - 8 && index < 240; index += 1) {
    const base = NAMES[index % NAMES.length] ?? "svc";
    const name = index >= NAMES.length ? `${base}${Math.floor(index / NAMES.length) + 1}` : base;
    services.push(service(build, name, { nodes, store, services, coredns }));
  }
  const entries = services.slice(-Math.max(2, Math.round(services.length / 5)));
  const edge = build.pool("edge-gateway", "service", pods(build, "edge-gateway", 3, nodes), { criticality: 1 });
  build.needs(edge, "dependsOn", entries.slice(0, 4));
  build.needs(edge, "uses", build.add("*.example.app", "certificate", { criticality: 1 }));
  const journeys = ["Sign in", "Place order", "Pay", "Browse", "Track parcel", "Refund"];
  journeys.slice(0, Math.max(2, Math.min(6, entries.length))).forEach((title, index) => {
    const business = build.add(title, "businessService", { criticality: 1 + (index % 3) });
    build.needs(
      business,
      "dependsOn",
      index % 2 === 0 ? [edge, entries[index % entries.length] ?? edge] : [entries[index % entries.length] ?? edge],
    );
  });
  return build.world;
}

function pods(build: WorldBuilder, name: string, count: number, nodes: readonly number[]): number[] {
  const set = build.random.hex(6);
  return Array.from({ length: count }, () => {
    const pod = build.add(`${name}-${set}-${build.random.hex(5)}`, "container");
    build.needs(pod, "runsOn", build.random.pick(nodes));
    return pod;
  });
}

interface Parts {
  nodes: number[];
  store: (id: string, type: string, criticality: number) => number;
  services: number[];
  coredns: number;
}

function service(build: WorldBuilder, name: string, { nodes, store, services, coredns }: Parts): number {
  const { random } = build;
  const criticality = random.int(1, 3);
  const members = pods(build, name, random.int(2, 5), nodes);
  const made = build.pool(name, "service", members, { criticality, minHealthy: 1 });
  build.needs(made, "uses", coredns);
  if (random.chance(0.5)) build.needs(made, "dependsOn", store(`pg-${name}`, "database", criticality));
  if (random.chance(0.25)) build.needs(made, "uses", store(`redis-${name}`, "cache", criticality));
  if (random.chance(0.2)) {
    const topic = store(`topic.${name}`, "queue", criticality);
    build.needs(made, "uses", topic);
    const worker = build.pool(`${name}-worker`, "service", pods(build, `${name}-worker`, 2, nodes), { criticality });
    build.needs(worker, "uses", topic, true);
  }
  for (const called of random.some(services.slice(-12), random.int(0, 3)))
    build.needs(made, random.chance(0.6) ? "dependsOn" : "uses", called);
  return made;
}

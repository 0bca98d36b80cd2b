/**
 * How far up a type stands: what it runs on is lower. Errors of direction are the commonest mistake in CMDB exports, and
 * a graph with its arrows turned names victims as culprits. Types that are not listed are not judged.
 */
const HEIGHT: Readonly<Record<string, number>> = {
  site: 0,
  rack: 1,
  wanLink: 1,
  switch: 2,
  router: 2,
  firewall: 2,
  storage: 2,
  hypervisor: 3,
  host: 4,
  vm: 5,
  container: 6,
  database: 7,
  cache: 7,
  queue: 7,
  application: 7,
  service: 8,
  businessService: 9,
};

const NETWORK = new Set(["switch", "router", "firewall", "wanLink"]);
const PLACED = new Set(["runsOn", "hostedOn", "containedIn", "storesOn"]);

/** Why a relation looks turned around, in words; null = it does not. */
export function directionDoubt(type: string, from: string, to: string): string | null {
  const [upper, lower] = [HEIGHT[from], HEIGHT[to]];
  if (upper === undefined || lower === undefined) return null;
  if (PLACED.has(type)) return upper < lower ? `a ${from} does not ${verb(type)} a ${to}` : null;
  if (type === "connectsTo")
    return NETWORK.has(from) && lower >= 4 ? `a ${from} does not reach the network through a ${to}` : null;
  if (type === "hasMember") return null;
  // Only a business service can need a business service.
  return to === "businessService" && from !== "businessService" ? `a ${from} does not need a businessService` : null;
}

function verb(type: string): string {
  return (
    { runsOn: "run on", hostedOn: "run on", containedIn: "stand in", storesOn: "keep its data on" }[type] ?? "need"
  );
}

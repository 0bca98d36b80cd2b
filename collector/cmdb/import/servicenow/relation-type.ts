/** Which end of a relation needs the other: ServiceNow says "parent <first word> child". */
export type Flow =
  | { needs: "parentNeedsChild"; type: string }
  | { needs: "childNeedsParent"; type: string }
  /** Which one, the types of the two decide. */
  | { needs: "container" | "cluster" | "network" }
  /** Trouble does not flow along it. */
  | { needs: "nothing" };

const parent = (type: string): Flow => ({ needs: "parentNeedsChild", type });
const child = (type: string): Flow => ({ needs: "childNeedsParent", type });
const NOTHING: Flow = { needs: "nothing" };

/**
 * The relation types that ServiceNow ships, by name. Direction is the commonest mistake of CMDB imports: for `Hosted on`,
 * `Runs on` and `Depends on` the PARENT is the one that needs.
 */
export const RELATION_FLOWS: Readonly<Record<string, Flow>> = {
  "Hosted on::Hosts": parent("hostedOn"),
  "Runs on::Runs": parent("runsOn"),
  "Depends on::Used by": parent("dependsOn"),
  "Uses::Used by": parent("uses"),
  "Virtualized by::Virtualizes": parent("runsOn"),
  "Instantiates::Instantiated by": parent("runsOn"),
  "Members::Member of": parent("hasMember"),
  "Cluster of::Cluster": { needs: "cluster" },
  "Contains::Contained by": { needs: "container" },
  "Connects to::Connected by": { needs: "network" },
  "Use End Point To::Use End Point From": parent("dependsOn"),
  "Implement End Point To::Implement End Point From": parent("dependsOn"),
  "Consumes::Consumed by": parent("dependsOn"),
  "Receives data from::Sends data to": parent("uses"),
  "Sends data to::Receives data from": child("uses"),
  "Provides::Provided by": child("dependsOn"),
  "Provides storage for::Stored on": child("storesOn"),
  "Exports to::Imports from": child("dependsOn"),
  "Powers::Powered by": child("dependsOn"),
  "Cools::Cooled By": child("dependsOn"),
  "Located in::Houses": parent("containedIn"),
  "In Rack::Rack contains": parent("containedIn"),
  "Managed by::Manages": NOTHING,
  "Owns::Owned by": NOTHING,
  "Owned by::Owns": NOTHING,
  "Registered on::Has registered": NOTHING,
  "Replicates to::Replicated by": NOTHING,
  "Exchanges data with::Exchanges data with": NOTHING,
  "Protected by::Protects": NOTHING,
  "Provisioned From::Provisioned": NOTHING,
  "Allocated to::Allocated from": NOTHING,
  "Controller for::Controlled by": NOTHING,
  "Deployed as::Deployment of": NOTHING,
  "Defines resources for::Gets resources from": NOTHING,
};

const NETWORK = new Set(["switch", "router", "firewall", "loadBalancer", "wanLink"]);
const PLACES = new Set(["rack", "site"]);

/** A relation as we write it: `from` needs `to`. */
export interface Needs {
  from: "parent" | "child";
  type: string;
}

/** What a relation between CIs of these types means here; empty where trouble does not flow. undefined: the type is not known. */
export function needsOf(
  name: string,
  parentType: string | undefined,
  childType: string | undefined,
): readonly Needs[] | undefined {
  const flow = RELATION_FLOWS[name];
  if (flow === undefined || !Object.hasOwn(RELATION_FLOWS, name)) return undefined;
  switch (flow.needs) {
    case "parentNeedsChild":
      return [{ from: "parent", type: flow.type }];
    case "childNeedsParent":
      return [{ from: "child", type: flow.type }];
    case "container":
      // A rack fails with what stands in it; a service fails when what it is made of does.
      return PLACES.has(parentType ?? "")
        ? [{ from: "child", type: "containedIn" }]
        : [{ from: "parent", type: "dependsOn" }];
    case "cluster":
      return [{ from: childType === "cluster" && parentType !== "cluster" ? "child" : "parent", type: "hasMember" }];
    case "network":
      return connections(NETWORK.has(parentType ?? ""), NETWORK.has(childType ?? ""));
    case "nothing":
      return [];
  }
}

/** A host reaches the network through a switch, not the other way round; between two switches it is both. */
function connections(parentIsNetwork: boolean, childIsNetwork: boolean): readonly Needs[] {
  const fromParent: Needs = { from: "parent", type: "connectsTo" };
  const fromChild: Needs = { from: "child", type: "connectsTo" };
  if (parentIsNetwork === childIsNetwork) return [fromParent, fromChild];
  return childIsNetwork ? [fromParent] : [fromChild];
}

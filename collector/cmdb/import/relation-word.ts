/** What a relation means whose name people have written: `A <word> B`. */
export type WordMeaning = { from: "first" | "second"; type: string } | "nothing";

const first = (type: string): WordMeaning => ({ from: "first", type });
const second = (type: string): WordMeaning => ({ from: "second", type });

/**
 * Words of relation names in asset tools, which their users may change; the first row that matches decides. "A depends on
 * B": A needs B. "A is used by B": B needs A.
 */
const WORDS: readonly (readonly [words: RegExp, meaning: WordMeaning])[] = [
  [/\b(?:depended on by|required by|needed by)\b/, second("dependsOn")],
  [/\bused by\b/, second("uses")],
  [/\b(?:depends? on|depend|requires?|needs?|relies on)\b/, first("dependsOn")],
  [/\b(?:hosted on|hosted by|installed on|deployed on|deployed to)\b/, first("hostedOn")],
  [/\b(?:runs on|running on|virtuali[sz]ed by)\b/, first("runsOn")],
  [/\b(?:hosts|host of|runs|virtuali[sz]es)\b/, second("hostedOn")],
  [/\b(?:member of|part of|belongs to)\b/, second("hasMember")],
  [/\b(?:members?|consists of|cluster of)\b/, first("hasMember")],
  [
    /\b(?:located in|located at|location|in rack|rack|site|data ?cent(?:er|re)|room|contained (?:in|by)|houses by)\b/,
    first("containedIn"),
  ],
  [/\b(?:houses|contains)\b/, second("containedIn")],
  [/\b(?:stored on|stores on|storage)\b/, first("storesOn")],
  [/\b(?:connects? to|connected (?:to|by)|uplink|network)\b/, first("connectsTo")],
  [/\b(?:receives data from|consumes|connects through|uses|use)\b/, first("uses")],
  [/\b(?:sends data to|provides|exports to|powers|impacts)\b/, second("dependsOn")],
  [
    /\b(?:owner|owned|owns|managed|manages|user|assigned|vendor|manufacturer|model|contract|licen[cs]e|backup|replicates?|created|reporter|approver|contact)\b/,
    "nothing",
  ],
];

/** undefined: the words say nothing to us. */
export function meaningOf(name: string): WordMeaning | undefined {
  const plain = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .toLowerCase();
  return WORDS.find(([words]) => words.test(plain))?.[1];
}

/** Words in the name of an asset type or class, as our types; `application` for what none fits. */
const TYPES: readonly (readonly [words: RegExp, type: string])[] = [
  [/business service|business application|customer service/, "businessService"],
  [/firewall/, "firewall"],
  [/load ?balancer/, "loadBalancer"],
  [/router/, "router"],
  [/switch|network (?:device|equipment)/, "switch"],
  [/hypervisor|esx|hyper ?v|virtualization host/, "hypervisor"],
  [/virtual machine|\bvm\b|vm instance/, "vm"],
  [/container|pod/, "container"],
  [/database|\bdb\b|sql|oracle|postgres|mongo/, "database"],
  [/cache|redis|memcached/, "cache"],
  [/queue|broker|kafka|rabbit/, "queue"],
  [/storage|san\b|nas\b|disk array|file ?server|logical volume/, "storage"],
  [/cluster|farm|pool/, "cluster"],
  [/rack|enclosure|chassis/, "rack"],
  [/data ?cent(?:er|re)|location|site|building|room/, "site"],
  [/\bups\b|\bpdu\b|power/, "power"],
  [/certificate/, "certificate"],
  [/server|computer|host|desktop|laptop|workstation|physical device/, "host"],
  [/service/, "service"],
];

export function typeOfName(name: string): string {
  const plain = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .toLowerCase();
  return TYPES.find(([words]) => words.test(plain))?.[1] ?? "application";
}

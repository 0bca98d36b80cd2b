import { BlockList, isIP } from "node:net";

/** Networks that are not the public internet, each with the word a message uses (IANA special-purpose registries). */
const SPECIAL: readonly (readonly [network: string, what: string])[] = [
  ["0.0.0.0/8", "an address of this host"],
  ["10.0.0.0/8", "a private address"],
  ["100.64.0.0/10", "a carrier's private address"],
  ["127.0.0.0/8", "a loopback address"],
  ["169.254.0.0/16", "a link-local address, where clouds keep their credentials"],
  ["172.16.0.0/12", "a private address"],
  ["192.0.0.0/24", "a reserved address"],
  ["192.0.2.0/24", "an address for documentation"],
  ["192.88.99.0/24", "a reserved address"],
  ["192.168.0.0/16", "a private address"],
  ["198.18.0.0/15", "an address for benchmarks"],
  ["198.51.100.0/24", "an address for documentation"],
  ["203.0.113.0/24", "an address for documentation"],
  ["224.0.0.0/4", "a multicast address"],
  ["240.0.0.0/4", "a reserved address"],
  ["::/128", "an address of this host"],
  ["::1/128", "a loopback address"],
  ["100::/64", "a discard address"],
  ["2001::/23", "a reserved address"],
  ["2001:db8::/32", "an address for documentation"],
  ["3fff::/20", "an address for documentation"],
  ["5f00::/16", "a reserved address"],
  ["64:ff9b:1::/48", "a private translation address"],
  ["fc00::/7", "a private address"],
  ["fe80::/10", "a link-local address"],
  ["fec0::/10", "a site-local address"],
  ["ff00::/8", "a multicast address"],
];

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    list.addSubnet(address, bits === undefined ? (family === "ipv6" ? 128 : 32) : Number(bits), family);
  }
  return list;
}

const SPECIAL_LISTS = SPECIAL.map(([network, what]) => ({ list: listOf([network]), what }));

const familyOf = (address: string): "ipv4" | "ipv6" => (isIP(address) === 6 ? "ipv6" : "ipv4");

/** The eight groups of an IPv6 address without zone. */
function groupsOf(address: string): number[] {
  // The URL parser writes it canonically: lower case, no embedded dotted quad.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: missing }, () => "0"), ...right].map((group) => Number.parseInt(group, 16));
}

const dotted = (high = 0, low = 0): string => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;

/** IPv4 addresses hidden in an IPv6 one: a router or the kernel may send the packet there. */
function embedded(address: string): string[] {
  if (isIP(address) !== 6) return [];
  const groups = groupsOf(address.replace(/%.*$/, ""));
  const [a, b, c, d, e, f, g, h] = groups;
  const zeros = (count: number): boolean => groups.slice(0, count).every((group) => group === 0);
  if (zeros(5) && f === 0xffff) return [dotted(g, h)];
  if (zeros(4) && e === 0xffff && f === 0) return [dotted(g, h)];
  if (zeros(6) && (g !== 0 || (h ?? 0) > 1)) return [dotted(g, h)];
  if (a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0) return [dotted(g, h)];
  if (a === 0x2002) return [dotted(b, c)];
  // Teredo: the server's address, and the client's with every bit turned.
  if (a === 0x2001 && b === 0) return [dotted(c, d), dotted((g ?? 0) ^ 0xffff, (h ?? 0) ^ 0xffff)];
  return [];
}

/** Decides to which addresses an outgoing call may go: the public internet, and what an administrator has listed. */
export class AddressPolicy {
  private readonly allowed: BlockList;

  /** @param allowed networks and addresses, validated: `10.0.0.0/8`, `::1`. */
  constructor(allowed: readonly string[]) {
    this.allowed = listOf(allowed);
  }

  /** Why this address may not be called, in words; null = it may. */
  refusal(address: string): string | null {
    const plain = address.replace(/%.*$/, "");
    if (isIP(plain) === 0) return "not an address";
    const hidden = embedded(plain);
    if (this.allowed.check(plain, familyOf(plain))) return null;
    if (hidden.length > 0 && hidden.every((inner) => this.allowed.check(inner, "ipv4"))) return null;
    for (const candidate of [...hidden, plain])
      for (const { list, what } of SPECIAL_LISTS)
        if (list.check(candidate, familyOf(candidate)))
          return candidate === plain ? what : `${what} (${candidate}) in another form`;
    return null;
  }
}

/** The same question for a host as it stands in the configuration: names other than localhost are not looked up. */
export function refusalOfHost(host: string, allowed: readonly string[]): string | null {
  const bare = host
    .replace(/^\[|\]$/g, "")
    .toLowerCase()
    .replace(/\.$/, "");
  const policy = new AddressPolicy(allowed);
  if (bare === "localhost" || bare.endsWith(".localhost"))
    return policy.refusal("127.0.0.1") === null || policy.refusal("::1") === null ? null : "a loopback address";
  return isIP(bare.replace(/%.*$/, "")) === 0 ? null : policy.refusal(bare);
}

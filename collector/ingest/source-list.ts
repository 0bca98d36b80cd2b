import { BlockList, isIP } from "node:net";

/** Who may send where a protocol knows no password: networks and addresses. None named: everybody. */
export class SourceList {
  private readonly list: BlockList | null;

  /** @param networks `10.0.0.0/8`, `fd00::/8` or one address; the configuration has checked them. */
  constructor(networks: readonly string[] | undefined) {
    this.list = networks === undefined || networks.length === 0 ? null : new BlockList();
    for (const network of networks ?? []) {
      const [address = "", bits] = network.split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      if (bits === undefined) this.list?.addAddress(address, family);
      else this.list?.addSubnet(address, Number(bits), family);
    }
  }

  /** An IPv4 address that came in through IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. */
  allows(address: string): boolean {
    if (this.list === null) return true;
    const plain = address.replace(/^::ffff:(?=\d+\.)/, "").replace(/%.*$/, "");
    const version = isIP(plain);
    return version !== 0 && this.list.check(plain, version === 6 ? "ipv6" : "ipv4");
  }
}

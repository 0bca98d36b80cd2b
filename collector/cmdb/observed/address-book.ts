/** Whose address is this? An address that several hosts claim (a bridge, a cloned machine) is nobody's. */
export class AddressBook {
  private readonly owners = new Map<string, Set<string>>();
  private readonly claims = new Map<string, readonly string[]>();

  /** The host's addresses are these and no others. */
  claim(host: string, addresses: readonly string[]): void {
    for (const address of this.claims.get(host) ?? []) {
      const owners = this.owners.get(address);
      owners?.delete(host);
      if (owners?.size === 0) this.owners.delete(address);
    }
    if (addresses.length === 0) this.claims.delete(host);
    else this.claims.set(host, addresses);
    for (const address of addresses) {
      const owners = this.owners.get(address);
      if (owners === undefined) this.owners.set(address, new Set([host]));
      else owners.add(host);
    }
  }

  /** undefined: nobody's, or not clear whose. What the asking host claims itself is its own. */
  ownerOf(address: string, asker: string): string | undefined {
    const owners = this.owners.get(address);
    if (owners?.has(asker) === true) return asker;
    if (owners?.size !== 1) return undefined;
    const [owner] = owners;
    return owner;
  }

  isUnique(address: string): boolean {
    return this.owners.get(address)?.size === 1;
  }
}

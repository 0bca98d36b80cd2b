/**
 * A sample CMDB of this host for the quick start: the host, what Tocsin runs on it, and a business service that needs it,
 * so that the first incident already shows whom it hits.
 *
 * @returns the CMDB file's format (see docs/guide/cmdb.md).
 */
export function hostCmdb(host: string): unknown {
  const short = host.split(".")[0] ?? host;
  return {
    vantage: [],
    cis: [
      { id: host, type: "host", name: host, aliases: short === host ? [] : [short], owner: "you", criticality: 2 },
      { id: "my-service", type: "businessService", name: "My service", owner: "you", criticality: 2 },
      { id: "tocsin-collector", type: "application", name: "Tocsin collector", owner: "you", criticality: 3 },
    ],
    relations: [
      { from: "my-service", type: "dependsOn", to: host },
      { from: "tocsin-collector", type: "runsOn", to: host },
    ],
    maintenance: [],
  };
}

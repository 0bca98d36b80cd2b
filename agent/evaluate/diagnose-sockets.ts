import { addressOfHex } from "../discover/address.ts";
import { readSockets } from "../discover/socket-table.ts";
import type { HostFiles } from "../sample/host-files.ts";

const SHOWN = 5;

/** How many connections there are, and with whom most of them. */
export function describeSockets(files: HostFiles): string {
  const sockets = readSockets(files);
  if (sockets.length === 0) return "";
  const states = new Map<string, number>();
  const peers = new Map<string, number>();
  for (const { state, remoteHex, remotePort, localPort, count: lines } of sockets) {
    count(states, state, lines);
    if (state === "connected") count(peers, `${addressOfHex(remoteHex)}:${Math.min(remotePort, localPort)}`, lines);
  }
  const lines = [[...states].map(([state, number]) => `${number} ${state}`).join(", ")];
  const most = [...peers].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  if (most.length > 0) lines.push(`most with: ${most.map(([peer, number]) => `${peer} ${number}`).join(", ")}`);
  return lines.join("\n");
}

function count(map: Map<string, number>, key: string, by: number): void {
  map.set(key, (map.get(key) ?? 0) + by);
}

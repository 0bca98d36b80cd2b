import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** A smaller CMDB leaves little behind. */
const CIS_MIN = 10_000;

/**
 * Gives back what reading a large CMDB and building the graph left behind. By itself the engine collects it only when the
 * heap has grown by as much again, which in a quiet collector may be never. Some tenths of a second for 100,000 CIs, before
 * anything is listened on.
 */
export function releaseStartupMemory(cis: number): void {
  if (cis < CIS_MIN) return;
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  if (typeof collect === "function") collect();
}

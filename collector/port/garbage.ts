import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Collects garbage of this thread now: `minor` young objects, some milliseconds; `major` all, which stops the thread for about
 * as many milliseconds as it has megabytes in use. For moments in which nobody waits.
 *
 * @returns false: the engine does not give the function out at this moment.
 */
export function collectGarbage(type: "minor" | "major"): boolean {
  setFlagsFromString("--expose-gc");
  // Only a new context gets the function. It is not kept: a context takes half a megabyte.
  const collect = runInNewContext("globalThis.gc") as ((options: { type: string }) => void) | undefined;
  setFlagsFromString("--no-expose-gc");
  // Another thread may have taken the flag back in between.
  collect?.({ type });
  return collect !== undefined;
}

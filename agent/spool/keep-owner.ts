import { lchownSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Gives a new file or folder to whom its folder belongs. When root tries the agent by hand on the service's data directory, the
 * service could not read afterwards what it left there, and so forget what it had learned.
 */
export function keepOwner(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  // Never through a link: the folder's owner could have laid one to a file that is not its own.
  if (uid !== 0) lchownSync(path, uid, gid);
}

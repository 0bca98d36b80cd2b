import { statfs, statfsSync } from "node:fs";
import type { StatFs } from "./filesystem.ts";

/** statfs(2) of the running host; `root` is where the host's own tree is seen from, "" for the host itself. */
export function createStatFs(root: string): StatFs {
  return {
    now(path) {
      try {
        return statfsSync(root + path);
      } catch {
        // No permission, or unmounted between the table and the question: the caller shows it as an error of that mount.
        return null;
      }
    },
    later(path, done) {
      statfs(root + path, (error, state) => done(error === null ? state : null));
    },
  };
}

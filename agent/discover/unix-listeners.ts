import type { HostFiles } from "../sample/host-files.ts";

/** Where software listens that calls from its own host reach without a network, by what its path ends with. */
const KNOWN_PATHS: readonly (readonly [end: RegExp, product: string])[] = [
  [/\/\.s\.PGSQL\.\d+$/, "postgresql"],
  [/\/(?:mysqld?|mariadb)\.sock$/, "mysql"],
  [/\/mongodb-\d+\.sock$/, "mongodb"],
  [/\/(?:redis|valkey)(?:-server)?\.sock$/, "redis"],
  [/\/memcached(?:\.sock)?$/, "memcached"],
  [/\/ldapi$/, "ldap"],
];
const LINES_MAX = 20_000;
/** `__SO_ACCEPTCON` of the kernel: it listens. */
const LISTENS = "00010000";

/**
 * Products that listen on a Unix socket, known by its path. Everybody may read which sockets there are; who is connected to them the
 * kernel tells over netlink alone, which Node does not speak.
 */
export function unixListeners(files: HostFiles): ReadonlySet<string> {
  const found = new Set<string>();
  let lines = 0;
  files.pieces("/proc/self/net/unix", (reader) => {
    for (; !reader.atEnd && lines < LINES_MAX; reader.skipLine(), lines++) {
      for (let column = 0; column < 3; column++) reader.skipWord();
      if (reader.word() !== LISTENS) continue;
      for (let column = 0; column < 3; column++) reader.skipWord();
      const path = reader.word();
      const product = path.startsWith("/") ? KNOWN_PATHS.find(([end]) => end.test(path))?.[1] : undefined;
      if (product !== undefined) found.add(product);
    }
  });
  return found;
}

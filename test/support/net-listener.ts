import { createServer } from "node:net";

/**
 * Run in another network by `PrivateDebian.listen`: binds a port of that network's loopback and hands the socket to its parent,
 * which so serves there without being there.
 */
const server = createServer();
server.listen(Number(process.argv[2]), "127.0.0.1", () => {
  // Ends at once: as long as it has the socket too, it would get every other connection.
  process.send?.("listening", server, undefined, () => process.exit(0));
});

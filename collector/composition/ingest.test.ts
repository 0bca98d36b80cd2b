import { fastify } from "fastify";
import { expect, test } from "vitest";
import { listeningAddress } from "./ingest.ts";

test.for([
  ["a port that is asked for", { host: "127.0.0.1", port: 8430 }, "127.0.0.1:8430"],
  ["a name", { host: "tocsin.example.net", port: 80 }, "tocsin.example.net:80"],
  ["IPv6", { host: "::1", port: 8430 }, "[::1]:8430"],
  ["every address", { host: "", port: 8430 }, ":8430"],
] as const)("the address while nothing is listened on: %s", ([, listen, address]) => {
  expect(listeningAddress(fastify(), listen)).toBe(address);
});

test("the address names the port that was given where any would do", async () => {
  const app = fastify();
  try {
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    expect(`http://${listeningAddress(app, { host: "127.0.0.1", port: 0 })}`).toBe(url);
  } finally {
    await app.close();
  }
});

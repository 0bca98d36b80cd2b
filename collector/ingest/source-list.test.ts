import { expect, test } from "vitest";
import { SourceList } from "./source-list.ts";

test.for<[situation: string, networks: string[], address: string, allowed: boolean]>([
  ["no list: everybody", [], "203.0.113.9", true],
  ["within a network", ["10.0.0.0/8"], "10.9.8.7", true],
  ["outside", ["10.0.0.0/8"], "11.0.0.1", false],
  ["one address", ["192.0.2.7"], "192.0.2.7", true],
  ["the address beside it", ["192.0.2.7"], "192.0.2.8", false],
  ["IPv4 that came in through IPv6", ["10.0.0.0/8"], "::ffff:10.1.1.1", true],
  ["IPv6", ["fd00::/8"], "fd12::1", true],
  ["IPv6 with its interface", ["fe80::/10"], "fe80::1%eth0", true],
  ["IPv6 where only IPv4 is listed", ["10.0.0.0/8"], "fd12::1", false],
  ["no address at all", ["10.0.0.0/8"], "", false],
])("%s", ([, networks, address, allowed]) => {
  expect(new SourceList(networks).allows(address)).toBe(allowed);
});

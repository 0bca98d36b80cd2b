import { expect, test } from "vitest";
import { keyOf, signature } from "./signature.ts";

const SECRET = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const BODY = '{"type":"incident.opened","timestamp":"2026-01-02T03:04:05Z","data":{"id":"inc_1"}}';

test("the test vector of the digest in the specifications", () => {
  expect(signature([SECRET], "msg_0000000000000001", 1_767_323_045, BODY)).toBe(
    "v1,/kigObA3UhsrLHxOYLBkpaS1lU4AuD/e8W59CW4Egb4=",
  );
});

test("two secrets give two signatures, the new one first", () => {
  const both = signature(["new", SECRET], "a", 1, "b").split(" ");
  expect(both).toEqual([signature(["new"], "a", 1, "b"), signature([SECRET], "a", 1, "b")]);
});

test.for<[secret: string, bytes: number | null]>([
  [SECRET, 32],
  ["whsec_", null],
  ["whsec_not base64", null],
  ["any text", 8],
])("the key of %s", ([secret, bytes]) => {
  expect(keyOf(secret)?.length ?? null).toBe(bytes);
});

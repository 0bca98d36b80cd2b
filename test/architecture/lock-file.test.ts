import { expect, test } from "vitest";
import { missingOptionals, readLock, trimLock } from "../support/trim-lock.ts";

test("npm ci can use the lock file: it has every package that it names (else: npm run lock:trim)", () => {
  expect(missingOptionals(readLock())).toEqual([]);
});

test("what is missing is found and taken out, what is there stays", () => {
  const lock = {
    packages: {
      "": {},
      "node_modules/tool": { optionalDependencies: { "tool-linux": "1", "tool-windows": "1" } },
      "node_modules/tool-linux": {},
      "node_modules/other": { optionalDependencies: { "tool-windows": "1" } },
    },
  };
  expect(missingOptionals(lock)).toEqual(["tool-windows"]);
  expect(trimLock(lock).packages).toEqual({
    "": {},
    "node_modules/tool": { optionalDependencies: { "tool-linux": "1" } },
    "node_modules/tool-linux": {},
    "node_modules/other": {},
  });
});

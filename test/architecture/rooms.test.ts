import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { offences, ROOMS } from "./rooms.ts";

const files = globSync("{protocol,rules,agent,collector}/**/*.ts").filter((path) => !path.includes("/testdata/"));

test("the scan sees the house (a gate that sees nothing passes everything)", () => {
  expect(files.length).toBeGreaterThan(30);
  for (const room of ["collector/core/model/", "collector/port/", "rules/detect/", "protocol/"])
    expect(files.some((path) => path.startsWith(room))).toBe(true);
});

test("no file breaks the house plan", () => {
  expect(files.flatMap((path) => offences({ path, text: readFileSync(path, "utf8") }))).toEqual([]);
});

test("the plan itself has no cycle", () => {
  const seen = new Set<string>();
  const open = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    expect(open.has(path), `cycle through ${path}`).toBe(false);
    open.add(path);
    const room = ROOMS.find((candidate) => candidate.path === path);
    if (room !== undefined && room.rooms !== "*") room.rooms.forEach(visit);
    open.delete(path);
    seen.add(path);
  };
  for (const room of ROOMS) visit(room.path);
});

/** Canaries: each row is a breach that the gate must catch, or a legal import that it must let through. */
test.for<[path: string, text: string, caught: boolean]>([
  ["collector/core/step.ts", 'import { readFileSync } from "node:fs";', true],
  ["collector/core/step.ts", 'import type { S } from "../store/sqlite/store.ts";', true],
  ["collector/core/step.ts", 'import type { S } from "../port/store.ts";', true],
  ["collector/core/step.ts", 'import type { S } from "../../protocol/sample.ts";', true],
  ["collector/core/step.ts", 'import {\n  a,\n  b,\n} from "./correlate/a.ts";', false],
  ["collector/core/correlate/a.ts", 'import { x } from "../incident/x.ts";', true],
  ["collector/core/correlate/a.ts", 'import { x } from "../model/x.ts";', false],
  ["collector/core/correlate/a.ts", 'import { x } from "../step.ts";', true],
  ["collector/core/model/a.ts", 'import { x } from "../../port/store.ts";', true],
  ["collector/port/a.ts", 'import { readFileSync } from "node:fs";', true],
  ["collector/core/notify/a.ts", "const t = Date.now();", true],
  ["collector/core/notify/a.ts", "const d = new Date();", true],
  ["collector/core/notify/a.ts", "const d = new Date(at);", false],
  ["collector/core/notify/a.ts", "// unlike Date.now, at comes with the input", false],
  ["collector/core/notify/a.ts", "names.sort((a, b) => a.localeCompare(b));", true],
  ["collector/core/notify/a.ts", "const r = Math.random();", true],
  ["collector/core/notify/a.ts", 'const m = await import("node:os");', true],
  ["rules/detect/a.ts", "setTimeout(() => 1, 2);", true],
  ["rules/detect/a.ts", 'import { parse } from "yaml";', true],
  ["rules/language/a.ts", 'import { parse } from "yaml";', false],
  ["collector/runtime/a.ts", 'import { open } from "../store/sqlite/store.ts";', true],
  ["collector/store/redis/s.ts", 'import { Redis } from "ioredis";', false],
  ["collector/store/redis/s.ts", 'export * from "../../ingest/otlp/map.ts";', true],
  ["collector/store/sqlite/s.ts", 'import { x } from "../memory/x.ts";', true],
  ["collector/ingest/otlp/r.ts", 'import { Redis } from "ioredis";', true],
  ["collector/ingest/otlp/r.ts", 'import { x } from "../native/x.ts";', true],
  ["collector/ingest/otlp/r.ts", 'import { x } from "../severity.ts";', false],
  ["collector/connector/slack/r.ts", 'import { x } from "../webhook/x.ts";', true],
  ["agent/main.ts", 'import "../collector/core/step.ts";', true],
  ["agent/main.ts", 'import pino from "pino";', true],
  ["agent/main.ts", 'import { x } from "../protocol/sample.ts";', false],
  ["protocol/a.ts", 'import { x } from "../rules/detect/detector.ts";', true],
  ["collector/new-room/a.ts", "export const a = 1;", true],
])("canary %#: %s %s", ([path, text, caught]) => {
  expect(offences({ path, text }).length > 0).toBe(caught);
});

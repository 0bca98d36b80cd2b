import { expect, test } from "vitest";
import { createLog } from "./log.ts";

function logged(level: "debug" | "warn", fields: Record<string, unknown>): string[] {
  const lines: string[] = [];
  const log = createLog(
    level,
    (line) => lines.push(line),
    () => Date.UTC(2026, 2, 1, 10),
  );
  log.info("told", fields);
  log.warn("warned", fields);
  return lines;
}

test("a line has the keys of the collector's, and ends with what it says", () => {
  expect(logged("warn", { url: "http://127.0.0.1:8430" })).toEqual([
    '{"level":"warn","time":"2026-03-01T10:00:00.000Z","url":"http://127.0.0.1:8430","message":"warned"}\n',
  ]);
});

test("secrets are hidden at every depth, the path to one is not", () => {
  const [line = ""] = logged("debug", {
    config: { token: "t0p", passwordFile: "/etc/pw", headers: [{ authorization: "Bearer t0p" }] },
  });
  expect(line).not.toContain("t0p");
  expect(line).toContain('"token":"[redacted]","passwordFile":"/etc/pw"');
});

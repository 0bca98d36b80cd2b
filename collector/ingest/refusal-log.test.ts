import { expect, test } from "vitest";
import { RecordingPorts } from "../../test/support/bare-ingest.ts";
import { RefusalLog } from "./refusal-log.ts";

test("each sender and reason is told once an hour, and many are not told at all", () => {
  const ports = new RecordingPorts();
  const log = new RefusalLog(ports, "a trap is refused");
  log.tell("10.0.0.1", "unknown user");
  log.tell("10.0.0.1", "unknown user");
  log.tell("10.0.0.1", "unknown community");
  expect(ports.warnings).toEqual([
    { message: "a trap is refused", fields: { from: "10.0.0.1", reason: "unknown user" } },
    { message: "a trap is refused", fields: { from: "10.0.0.1", reason: "unknown community" } },
  ]);
  for (let index = 0; index < 1000; index += 1) log.tell(`10.0.1.${index}`, "unknown user");
  expect(ports.warnings).toHaveLength(31);
  expect(ports.warnings.at(-1)?.message).toMatch(/^a trap is refused: more senders/);
  ports.clock.advance(3_600_000);
  log.tell("10.0.0.1", "unknown user");
  expect(ports.warnings).toHaveLength(32);
});

import { expect, test } from "vitest";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { diagnose } from "../evaluate/diagnose.ts";
import { Recorder } from "./recorder.ts";

const host = (second: number, busyFrom: number): Record<string, string> => {
  const busy = Math.max(0, second - busyFrom) * 90;
  return {
    "/proc/stat": `cpu ${busy} 0 0 ${second * 100 - busy} 0 0 0 0\n`,
    "/proc/loadavg": "0.1 0.2 0.3 3/600 7\n",
    "/proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 400 kB\n",
    "/proc/diskstats": `8 0 sda 1 0 ${second * 2000} 0 1 0 0 0 0 ${second * 500} 0\n8 1 sda1 9 9 9999999 9 9 9 9 9 9 9 9\n`,
    "/proc/net/dev": `head\nhead\n lo: ${second * 1e9} 0 0 0 0 0 0 0 0 0\n eth0:${second * 1e6} 0 0 0 0 0 0 0 ${second * 1e6} 0\n`,
  };
};

test("the last minutes in a few lines: now, the highest and when, and the course", () => {
  const files = new RecordedHostFiles({});
  const recorder = new Recorder(files, 120);
  for (let second = 1; second <= 130; second++) {
    for (const [path, text] of Object.entries(host(second, 120))) files.contents.set(path, text);
    recorder.tick(second * 1000);
  }
  const lines = recorder.render().split("\n");
  expect(lines[0]).toBe("the last 120 s, a column for 2 s");
  expect(lines[1]).toBe(`cpu busy: 90 % now, highest 90 % 9 s ago  ${"▁".repeat(55)}${"█".repeat(5)}`);
  expect(lines[2]).toContain("memory used: 60 % now");
  expect(lines[3]).toContain("disk busy: 50 % now");
  expect(lines[4]).toContain("disk: 1.0 MB/s now");
  expect(lines[5]).toContain("network: 2 MB/s now");
  expect(lines[6]).toContain("runnable: 3 now");
  expect(lines).toHaveLength(7);
});

test("before the second second, and on a host that shows nothing, there is nothing to show", () => {
  expect(new Recorder(new RecordedHostFiles({})).render()).toBe("");
  const recorder = new Recorder(new RecordedHostFiles({}), 10);
  for (let second = 0; second < 30; second++) recorder.tick(second * 1000);
  expect(recorder.render()).toBe("");
});

test("who is at work: by CPU between two looks, by memory, and who waits for a disk", async () => {
  const stat = (pid: number, name: string, ticks: number, pages: number, state = "S"): string => {
    const fields = Array.from({ length: 50 }, () => "0");
    [fields[0], fields[11], fields[21]] = [state, String(ticks), String(pages)];
    return `${pid} (${name}) ${fields.join(" ")}\n`;
  };
  const files = new RecordedHostFiles({
    "/proc/1/stat": stat(1, "idle", 5000, 256),
    "/proc/2/stat": stat(2, "busy one", 100, 512),
    "/proc/3/stat": stat(3, "stuck", 0, 128, "D"),
  });
  const clock = new VirtualClock();
  const told = diagnose(files, clock);
  files.contents.set("/proc/2/stat", stat(2, "busy one", 190, 512));
  clock.advance(1000);
  expect(await told).toBe(
    "cpu: busy one[2] 90 %\nmemory: busy one[2] 2 MiB, idle[1] 1 MiB, stuck[3] 1 MiB\nwaiting for a disk: stuck[3]",
  );
});

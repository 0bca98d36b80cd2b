import { expect, onTestFinished, test, vi } from "vitest";

const flags = vi.hoisted(() => [] as string[]);
/** The flags that were set when young objects were collected. */
const collected = vi.hoisted(() => [] as string[]);
vi.mock("node:v8", () => ({ setFlagsFromString: (flag: string) => flags.push(flag) }));
vi.mock("node:vm", () => ({
  runInNewContext: (code: string) => (options: object) =>
    collected.push(`${code} ${JSON.stringify(options)} after ${flags.join(" ")}`),
}));

const { nodeEngine } = await import("./node-engine.ts");

test("how often V8 may collect in a row is set once: lowered while it does, it ends the process", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const engine = nodeEngine();
  const counts = (): string[] => flags.filter((flag) => flag.startsWith("--memory-reducer-gc-count"));
  expect(counts()).toHaveLength(1);
  for (const favoured of [true, false, true, false]) {
    engine.favourMemory(favoured);
    vi.advanceTimersByTime(2_000);
  }
  expect(counts()).toHaveLength(1);
  expect(flags.filter((flag) => flag.includes("optimize-for-size"))).toEqual([
    "--optimize-for-size",
    "--no-optimize-for-size",
    "--optimize-for-size",
    "--no-optimize-for-size",
  ]);
});

test("every heap is large enough to begin with for a moment, and never when memory is not favoured", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  flags.length = 0;
  const engine = nodeEngine();
  const triggers = (): string[] => flags.filter((flag) => flag.includes("soft-trigger"));
  engine.favourMemory(true);
  expect(triggers()).toEqual(["--incremental-marking-soft-trigger=1"]);
  vi.advanceTimersByTime(2_000);
  expect(triggers().at(-1)).toBe("--incremental-marking-soft-trigger=0");
  engine.favourMemory(true);
  engine.favourMemory(false);
  const { length } = triggers();
  vi.advanceTimersByTime(2_000);
  expect(triggers().slice(length - 1)).toEqual(["--incremental-marking-soft-trigger=0"]);
});

test("it begins at once: young objects are collected when the flags are set, and nothing else could do it later", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const engine = nodeEngine();
  flags.length = 0;
  collected.length = 0;
  engine.favourMemory(true);
  engine.favourMemory(false);
  expect(collected).toEqual([
    'globalThis.gc {"type":"minor"} after --optimize-for-size --incremental-marking-soft-trigger=1 --expose-gc --no-expose-gc',
  ]);
});

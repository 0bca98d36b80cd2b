import { expect, test } from "vitest";
import { RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { IdleMemory } from "./idle-memory.ts";

const MIB = 1024 * 1024;

/** An engine that gives back what is more than `live` once it may; and what it was asked for, with the second. */
function driven(): {
  engine: {
    busy: number;
    resident: number;
    live: number;
    tidied: number;
    untidy: number;
    garbage: number;
    holes: number;
    inputs: number;
  };
  asked: string[];
  go: (s: number) => void;
} {
  const clock = new VirtualClock();
  const engine = {
    busy: 0,
    resident: 200 * MIB,
    live: 160 * MIB,
    tidied: 0,
    untidy: 0,
    garbage: 0,
    holes: 0,
    inputs: 0,
  };
  const asked: string[] = [];
  const memory = new IdleMemory({
    clock,
    telemetry: new RecordingTelemetry(),
    inputs: () => engine.inputs,
    tidy: () => {
      engine.tidied += 1;
      const garbageBytes = engine.garbage;
      engine.garbage = 0;
      return { hasMore: engine.tidied < engine.untidy, garbageBytes };
    },
    engine: {
      residentBytes: () => engine.resident,
      holesBytes: () => engine.holes,
      busyShare: () => engine.busy,
      favourMemory: (favoured) => {
        asked.push(`${clock.monotonic() / 1000} s: ${favoured ? "memory" : "speed"}`);
        if (!favoured) engine.resident = engine.live;
      },
    },
  });
  memory.start();
  return { engine, asked, go: (s) => clock.advance(s * 1000) };
}

test("what a start left is given back in the first idle moment, and nothing more while nothing grows", () => {
  const { asked, go } = driven();
  go(600);
  expect(asked).toEqual(["4 s: memory", "19 s: speed"]);
});

test("while there is work nothing is given back; after it, what has grown is", () => {
  const { engine, asked, go } = driven();
  engine.busy = 0.3;
  engine.resident = 700 * MIB;
  go(300);
  expect(asked).toEqual([]);
  engine.busy = 0;
  go(30);
  expect(asked).toEqual(["304 s: memory", "319 s: speed"]);
});

test.each([
  { grownMib: 40, given: false, why: "is less than new objects take" },
  { grownMib: 50, given: true, why: "is a third of what was left" },
])("growth by $grownMib MiB $why", ({ grownMib, given }) => {
  const { engine, asked, go } = driven();
  go(100);
  engine.resident = engine.live + grownMib * MIB;
  go(10);
  expect(asked.length).toBe(given ? 3 : 2);
});

test("not twice in a minute, however fast it grows", () => {
  const { engine, asked, go } = driven();
  for (let second = 0; second < 200; second += 1) {
    engine.resident = 700 * MIB;
    go(1);
  }
  expect(asked.filter((text) => text.includes("memory"))).toEqual(["4 s: memory", "79 s: memory", "154 s: memory"]);
});

test("it goes on for as long as something is given back", () => {
  const { engine, asked, go } = driven();
  for (let second = 0; second < 30; second += 1) {
    go(1);
    engine.resident -= 2 * MIB;
  }
  engine.live = engine.resident;
  go(60);
  expect(asked).toEqual(["4 s: memory", "46 s: speed"]);
});

test("but not for ever", () => {
  const { engine, asked, go } = driven();
  for (let second = 0; second < 150; second += 1) {
    go(1);
    engine.resident -= 1.5 * MIB;
  }
  expect(asked).toEqual(["4 s: memory", "124 s: speed"]);
});

test("what work has come in between of is tried again", () => {
  const { engine, asked, go } = driven();
  go(5);
  engine.busy = 0.9;
  go(2);
  engine.busy = 0;
  engine.resident = engine.live + 40 * MIB;
  go(90);
  expect(asked).toEqual(["4 s: memory", "7 s: speed", "67 s: memory", "82 s: speed"]);
});

test("what a short flood leaves meanwhile, of which the engine gives nothing back, is growth", () => {
  const { engine, asked, go } = driven();
  go(6);
  engine.resident = 160 * MIB;
  go(4);
  engine.resident = engine.live = 400 * MIB;
  go(190);
  expect(asked).toEqual(["4 s: memory", "22 s: speed", "82 s: memory", "97 s: speed"]);
});

test("when work comes it stops favouring memory, but not for what collecting itself does", () => {
  const { engine, asked, go } = driven();
  go(5);
  engine.busy = 0.9;
  go(1);
  engine.busy = 0.2;
  go(1);
  expect(asked).toEqual(["4 s: memory"]);
  engine.busy = 0.9;
  go(2);
  expect(asked).toEqual(["4 s: memory", "9 s: speed"]);
});

test.each([
  { inputsPerS: 1_900, busy: 0.5, stops: false, why: "for a little work beside what collecting does" },
  {
    inputsPerS: 2_100,
    busy: 0.25,
    stops: true,
    why: "for work that leaves the loop time: who sends it waits for answers",
  },
])("while memory is favoured, it stops ($stops) $why", ({ inputsPerS, busy, stops }) => {
  const { engine, asked, go } = driven();
  go(5);
  engine.busy = busy;
  for (let second = 0; second < 3; second += 1) {
    engine.inputs += inputsPerS;
    go(1);
  }
  expect(asked).toEqual(stops ? ["4 s: memory", "6 s: speed"] : ["4 s: memory"]);
});

test("each second without work tidies up, and no other", () => {
  const { engine, go } = driven();
  go(10);
  engine.busy = 0.3;
  go(50);
  expect(engine.tidied).toBe(10);
});

test("memory is given back when all is tidy", () => {
  const { engine, asked, go } = driven();
  engine.untidy = 10;
  go(30);
  expect(asked).toEqual(["10 s: memory", "25 s: speed"]);
});

test.each([
  { garbageMib: 15, given: false, why: "is not worth a pause" },
  { garbageMib: 17, given: true, why: "would stay for good: nothing grows by it" },
])("garbage of $garbageMib MiB that tidying leaves $why", ({ garbageMib, given }) => {
  const { engine, asked, go } = driven();
  go(100);
  engine.garbage = garbageMib * MIB;
  go(100);
  expect(asked.slice(2)).toEqual(given ? ["101 s: memory", "116 s: speed"] : []);
});

test("garbage of which work has come in between is not forgotten, and what was given back is no reason again", () => {
  const { engine, asked, go } = driven();
  go(100);
  engine.garbage = 30 * MIB;
  go(3);
  engine.busy = 0.9;
  go(2);
  engine.busy = 0;
  go(300);
  expect(asked.slice(2)).toEqual(["101 s: memory", "105 s: speed", "165 s: memory", "180 s: speed"]);
});

test("garbage that comes while memory is given back may come too late for it", () => {
  const { engine, asked, go } = driven();
  go(10);
  engine.garbage = 30 * MIB;
  go(200);
  expect(asked).toEqual(["4 s: memory", "19 s: speed", "79 s: memory", "94 s: speed"]);
});

test("what the engine has stopped at half-way is gone on with, three times at the most", () => {
  const { engine, asked, go } = driven();
  engine.holes = 60 * MIB;
  go(900);
  const begun = (): string[] => asked.filter((text) => text.includes("memory"));
  expect(begun()).toEqual(["4 s: memory", "79 s: memory", "154 s: memory", "229 s: memory"]);
  engine.resident = 300 * MIB;
  go(120);
  engine.holes = 10 * MIB;
  go(900);
  expect(begun().slice(4)).toEqual(["901 s: memory", "976 s: memory", "1051 s: memory"]);
});

test("it is not where few holes are left", () => {
  const { engine, asked, go } = driven();
  engine.holes = 15 * MIB;
  go(600);
  expect(asked).toEqual(["4 s: memory", "19 s: speed"]);
});

test("what work has come in between of is gone on with, though what it has given back is enough to begin with", () => {
  const { engine, asked, go } = driven();
  go(100);
  engine.resident = 300 * MIB;
  go(5);
  engine.busy = 0.9;
  engine.live = 170 * MIB;
  go(2);
  engine.busy = 0;
  go(600);
  expect(asked.slice(2)).toEqual(["101 s: memory", "107 s: speed", "167 s: memory", "182 s: speed"]);
});

import { expect, test } from "vitest";
import { type Heap, IdleHeap } from "./idle-heap.ts";

const MIB = 1024 * 1024;

function driven(): { heap: Heap & { size: number; busy: number; gives: boolean }; idle: IdleHeap; looks: number[] } {
  const looks: number[] = [];
  const heap = {
    size: 40 * MIB,
    busy: 0,
    gives: true,
    sizeBytes: () => heap.size,
    busyShare: () => heap.busy,
    collect: () => {
      looks.push(heap.size / MIB);
      if (heap.gives) heap.size = 8 * MIB;
      return heap.gives;
    },
  };
  return { heap, idle: new IdleHeap(heap), looks };
}

test("what a flood has left is collected when there is little to do, and once", () => {
  const { heap, idle, looks } = driven();
  heap.busy = 0.5;
  idle.look();
  expect(looks).toEqual([]);
  heap.busy = 0.05;
  for (let look = 0; look < 3; look += 1) idle.look();
  expect(looks).toEqual([40]);
});

test.each([
  { grownMib: 11, again: false },
  { grownMib: 12, again: true },
])("growth by $grownMib MiB is worth another one: $again", ({ grownMib, again }) => {
  const { heap, idle, looks } = driven();
  idle.look();
  heap.size += grownMib * MIB;
  idle.look();
  expect(looks).toHaveLength(again ? 2 : 1);
});

test("where the engine does not collect now it is tried again", () => {
  const { heap, idle, looks } = driven();
  heap.gives = false;
  idle.look();
  heap.gives = true;
  idle.look();
  idle.look();
  expect(looks).toEqual([40, 40]);
});

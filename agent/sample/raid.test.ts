import { expect, test } from "vitest";
import { parseMdstat, type RaidArray } from "./raid.ts";

test.for<[string, string, Partial<RaidArray>[]]>([
  ["no array", "Personalities : \nunused devices: <none>\n", []],
  [
    "a healthy mirror",
    "Personalities : [raid1]\nmd0 : active raid1 sdb1[1] sda1[0]\n      1000 blocks super 1.2 [2/2] [UU]\n\nunused devices: <none>\n",
    [{ device: "md0", required: 2, active: 2, failed: 0, spare: 0 }],
  ],
  [
    "one disk failed, a spare waits",
    "md1 : active raid5 sdd1[3](S) sdc1[2](F) sdb1[1] sda1[0]\n      2000 blocks level 5, 64k chunk, algorithm 2 [3/2] [UU_]\n",
    [{ device: "md1", required: 3, active: 2, failed: 1, spare: 1 }],
  ],
  [
    "a stripe has no spare and wants what it has",
    "md2 : active raid0 sdb1[1] sda1[0]\n      2000 blocks 64k chunks\n",
    [{ device: "md2", required: 2, active: 2, failed: 0 }],
  ],
  [
    "read-only until first written",
    "md3 : active (auto-read-only) raid1 sdb2[1] sda2[0]\n      1000 blocks [2/2] [UU]\n",
    [{ device: "md3", required: 2, active: 2 }],
  ],
  ["stopped", "md4 : inactive sda1[0](S)\n      1000 blocks\n", [{ device: "md4", active: 0, spare: 1 }]],
  [
    "two arrays",
    "md_a : active raid1 sdb1[1] sda1[0]\n 1 blocks [2/2] [UU]\n\nmd127 : active raid1 sdd1[1] sdc1[0]\n 1 blocks [2/1] [U_]\n",
    [{ device: "md_a" }, { device: "md127", active: 1 }],
  ],
])("mdstat: %s", ([, text, expected]) => {
  expect(parseMdstat(text)).toMatchObject(expected);
  expect(parseMdstat(text)).toHaveLength(expected.length);
});

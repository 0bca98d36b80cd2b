import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { circlesOf } from "./circles.ts";
import type { SourceFile } from "./rooms.ts";

test("no files import each other in a circle, not even their types", () => {
  const paths = globSync("{protocol,rules,agent,collector}/**/*.ts").filter((path) => !path.includes("/testdata/"));
  expect(paths.length).toBeGreaterThan(300);
  expect(circlesOf(paths.map((path) => ({ path, text: readFileSync(path, "utf8") })))).toEqual([]);
});

const file = (path: string, ...lines: string[]): SourceFile => ({ path, text: `${lines.join("\n")}\n` });

test.for<[situation: string, files: SourceFile[], circles: string[][]]>([
  ["a chain", [file("a.ts", 'import { b } from "./b.ts";'), file("b.ts", 'import { c } from "./c.ts";')], []],
  [
    "two files",
    [file("x/a.ts", 'import { b } from "../y/b.ts";'), file("y/b.ts", 'import { a } from "../x/a.ts";')],
    [["x/a.ts", "y/b.ts"]],
  ],
  [
    "a type that is asked back for",
    [file("a.ts", 'import {\n  b,\n} from "./b.ts";'), file("b.ts", 'import type { A } from "./a.ts";')],
    [["a.ts", "b.ts"]],
  ],
  [
    "three files, with one beside them",
    [
      file("a.ts", 'import { b } from "./b.ts";', 'import { d } from "./d.ts";'),
      file("b.ts", 'export { c } from "./c.ts";'),
      file("c.ts", 'import { a } from "./a.ts";'),
      file("d.ts"),
    ],
    [["a.ts", "b.ts", "c.ts"]],
  ],
  [
    "loaded only when it is called",
    [file("a.ts", 'import { b } from "./b.ts";'), file("b.ts", 'const a = () => import("./a.ts");')],
    [],
  ],
])("%s", ([, files, circles]) => {
  expect(circlesOf(files)).toEqual(circles);
});

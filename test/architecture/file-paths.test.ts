import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `pathname` keeps a blank as %20: in "/opt/my tools" such a file is never found. */
const takesPathname = (source: string): boolean => /import\.meta\.url\)\.pathname/.test(source);

test("no program takes the path of a file from a URL's pathname: it would not run in a folder with a blank in its name", () => {
  const sources = globSync("{agent,collector,rules,protocol}/**/*.ts", { cwd: root }).filter(
    (path) => !path.endsWith(".test.ts"),
  );
  expect(sources.length).toBeGreaterThan(300);
  expect(sources.filter((path) => takesPathname(readFileSync(`${root}/${path}`, "utf8")))).toEqual([]);
});

test("the guard sees one that does", () => {
  expect(takesPathname('spawn(new URL("../x.ts", import.meta.url).pathname)')).toBe(true);
});

import { dirname, join } from "node:path/posix";
import type { SourceFile } from "./rooms.ts";

/** A command that is loaded only when it is called (`import()`) ties nothing. */
const STATIC_IMPORT = /(?:^|[\n;])\s*(?:import|export)\s[^"';]*?from\s*["'](\.[^"']+)["']/g;

/**
 * Files that import each other in a loop, types included: to read one of them, one has to hold them all. Each circle is told
 * as its files in order of name. Tarjan, Depth-First Search and Linear Graph Algorithms (1972); cost: files and imports.
 */
export function circlesOf(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const order = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (path: string): number => {
    const mine = order.size;
    order.set(path, mine);
    let low = mine;
    open.push(path);
    for (const other of imports.get(path) ?? []) {
      if (!imports.has(other)) continue;
      if (!order.has(other)) low = Math.min(low, visit(other));
      else if (open.includes(other)) low = Math.min(low, order.get(other) ?? low);
    }
    if (low === mine) {
      const circle = open.splice(open.indexOf(path));
      if (circle.length > 1) circles.push(circle.toSorted());
    }
    return low;
  };
  for (const path of imports.keys()) if (!order.has(path)) visit(path);
  return circles;
}

function importsOf({ path, text }: SourceFile): string[] {
  return [...text.matchAll(STATIC_IMPORT)].map(([, target = ""]) => join(dirname(path), target));
}

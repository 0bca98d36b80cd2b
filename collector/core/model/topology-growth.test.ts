import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ciOf, cmdbOf } from "../../../test/support/core-driver.ts";
import { type Growth, Topology } from "./topology.ts";

const DOCUMENT = cmdbOf(
  ["web-1 runsOn host-1", "web-2 runsOn host-2", "web-3 runsOn host-3", "pool hasMember web-1", "pool hasMember web-2"],
  [ciOf("db"), ciOf("host-4")],
  ["sw"],
);
const NAMES = ["web-4", "web-4.example.net", "WEB-5", "stranger", "db", "host-4", "web-9"];

function seen(topology: Topology): unknown {
  return topology
    .all()
    .map((ci, index) => ({ ...ci, needs: topology.needs(index), neededBy: topology.neededBy(index) }));
}

const step = fc.oneof(
  fc.record({ kind: fc.constant("name" as const), name: fc.constantFrom(...NAMES) }),
  fc.record({
    kind: fc.constant("learn" as const),
    from: fc.constantFrom(...NAMES),
    to: fc.constantFrom(...NAMES),
    confidence: fc.constantFrom(0, 0.48, 0.75),
  }),
);

test("a graph that gains again what another one gained is the same, at each length", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const graph = new Topology(DOCUMENT);
      const stages = [{ length: 0, seen: structuredClone(seen(graph)) }];
      for (const one of steps) {
        if (one.kind === "name") graph.register(one.name);
        else {
          const [from, to] = [graph.find(one.from), graph.find(one.to)];
          if (from === undefined || to === undefined || from === to) continue;
          if (one.confidence > 0) graph.learn({ from, to, confidence: one.confidence });
          else graph.unlearn({ from, to });
        }
        stages.push({ length: graph.grown.length, seen: structuredClone(seen(graph)) });
      }
      const again = new Topology(DOCUMENT);
      again.regrow(JSON.parse(JSON.stringify(graph.grown)) as Growth[]);
      for (const stage of stages) {
        again.growTo(stage.length);
        expect(seen(again)).toEqual(stage.seen);
      }
      expect(again.grown).toEqual(graph.grown);
      // It goes on where the other would.
      again.register("newcomer");
      expect(again.grown.at(-1)).toBe("newcomer");
    }),
  );
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { alertLabel } from "./alert-label.ts";
import type { Alert } from "./alert.ts";
import { LabelIndex } from "./label-index.ts";

let made = 0;
const alert = (labels: Record<string, string>): Alert =>
  ({ id: `a-${(made += 1)}`, labels, severity: "major", ci: "c", check: "k" }) as Alert;

test("whatever comes, goes and changes, the index finds what a scan finds", () => {
  const name = fc.constantFrom("a", "b", "severity", "d", "e", "f", "g", "h", "i", "j");
  const value = fc.constantFrom("1", "2", "major");
  const labels = fc.dictionary(name, value, { noNullPrototype: true });
  const step = fc.oneof(
    fc.record({ do: fc.constant("add" as const), labels }),
    fc.record({ do: fc.constant("remove" as const), at: fc.nat(20) }),
    fc.record({ do: fc.constant("change" as const), at: fc.nat(20), labels }),
    fc.record({ do: fc.constant("find" as const), name, value }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const all = new Set<Alert>();
      const index = new LabelIndex(
        () => all,
        (one) => all.has(one),
      );
      const nth = (place: number): Alert | undefined => [...all][place % Math.max(1, all.size)];
      for (const one of steps) {
        if (one.do === "add") {
          const added = alert(one.labels);
          all.add(added);
          index.enter(added);
        } else if (one.do === "find") {
          const scanned = [...all].filter((candidate) => alertLabel(candidate, one.name) === one.value);
          expect(new Set(index.find(one.name, one.value))).toEqual(new Set(scanned));
        } else {
          const chosen = nth(one.at);
          if (chosen === undefined) continue;
          if (one.do === "remove") all.delete(chosen);
          else {
            chosen.labels = one.labels;
            index.enter(chosen);
          }
        }
      }
    }),
  );
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CoreDriver, eventAt, T0 } from "../../test/support/core-driver.ts";
import type { Alert } from "./model/alert.ts";
import { plainAlert } from "./model/live-alert.ts";
import { byText } from "./model/order.ts";
import { RestoredAlerts } from "./restored-alerts.ts";

function anAlert(): Alert {
  const core = new CoreDriver();
  core.event(eventAt(T0, {}));
  const [alert] = core.state.alerts.all();
  if (alert === undefined) throw new Error("the event began no alert");
  return plainAlert(alert);
}

test("in whatever order the store gives them, they come by when they began, then by id", () => {
  const alert = anAlert();
  const some = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 0xffff }), fc.nat({ max: 3 })), {
    selector: ([id]) => id,
  });
  fc.assert(
    fc.property(some, (given) => {
      const restored = new RestoredAlerts();
      // One object, filled anew each time, as the reader of the store does it.
      const scratch = { ...alert };
      for (const [number, after] of given) {
        Object.assign(scratch, { id: `a-${number.toString(16).padStart(16, "0")}`, firstSeenAt: T0 + after });
        restored.take(scratch, [number]);
      }
      const found = restored.inOrder();
      const expected = [...found].sort(
        (a, b) => a.alert.firstSeenAt - b.alert.firstSeenAt || byText(a.alert.id, b.alert.id),
      );
      expect(found).toEqual(expected);
      expect(found).toHaveLength(given.length);
      for (const { alert: one, noted } of found) {
        expect(one.id).toBe(`a-${Number(noted?.[0]).toString(16).padStart(16, "0")}`);
        expect(restored.table.get(one.id)).toBe(one);
      }
    }),
  );
});

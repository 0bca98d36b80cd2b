import { expect, test } from "vitest";
import { ciOf, cmdbOf, CoreDriver, ONE_ROUTE } from "../../test/support/core-driver.ts";
import { NeighbourCorrelator } from "../../test/support/neighbour-correlator.ts";
import type { Placement } from "./model/correlation.ts";
import type { Route } from "./model/settings.ts";
import { receiversOfAlert } from "./read.ts";

/** Alerts stay in no incident. */
class Nowhere extends NeighbourCorrelator {
  override onFiring(alert: { id: string }): Placement[] {
    return [{ type: "withhold", alert: alert.id, rule: "test", reasons: ["none"], until: null }];
  }
}

const route = (receiver: string, match: Route["match"]): Route => ({ match, receivers: [receiver], continue: false });

/** Receivers by CI of the same alert on each, asked twice. */
function asked(routes: Route[]): Record<string, readonly string[]> {
  const cis = [ciOf("vital", { criticality: 1 }), ciOf("idle", { criticality: 4 }), ciOf("mine", { owner: "team" })];
  const core = new CoreDriver({
    cmdb: cmdbOf([], [...cis, ciOf("shop", { type: "businessService", criticality: 1 })]),
    settings: { ...ONE_ROUTE, routes },
    correlator: new Nowhere(),
  });
  const names = ["vital", "idle", "mine", "shop", "stranger"];
  for (const ci of names) core.event({ ci, severity: "major" });
  const answers = (): Record<string, readonly string[]> =>
    Object.fromEntries([...core.state.alerts.all()].map((alert) => [alert.ci, receiversOfAlert(core.state, alert)]));
  const first = answers();
  expect(answers()).toEqual(first);
  return first;
}

test("an alert that is in no incident goes where an incident of its priority would", () => {
  expect(asked([route("now", { priorities: ["P1", "P2", "P3"] }), route("later", { severities: ["major"] })])).toEqual({
    vital: ["now"],
    idle: ["later"],
    mine: ["later"],
    shop: ["now"],
    stranger: ["later"],
  });
});

test("routes that look at owners, services or labels are asked for each alert", () => {
  const matchers = [{ name: "ci", value: "stranger", isRegex: false, isEqual: true }];
  const routes = [
    route("team", { owners: ["team"] }),
    route("sales", { services: ["shop"] }),
    route("odd", { matchers }),
  ];
  expect(asked([...routes, route("rest", {})])).toEqual({
    vital: ["rest"],
    idle: ["rest"],
    mine: ["team"],
    shop: ["sales"],
    stranger: ["odd"],
  });
});

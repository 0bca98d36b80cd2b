import { expect, test } from "vitest";
import type { ServiceImpact } from "../model/incident.ts";
import type { Severity } from "../model/severity.ts";
import { priorityOf } from "./priority.ts";

const shop = (criticality: number, redundancyLeft: number | null): ServiceImpact => ({
  ci: "shop",
  criticality,
  redundancyLeft,
});

interface Row {
  situation: string;
  severity: Severity;
  services: ServiceImpact[];
  rootCriticality: number | null;
  priority: string;
}

const ROWS: Row[] = [
  {
    situation: "the most critical service is down",
    severity: "critical",
    services: [shop(1, 0)],
    rootCriticality: 1,
    priority: "P1",
  },
  {
    situation: "it is down, though the source only says minor",
    severity: "minor",
    services: [shop(1, 0)],
    rootCriticality: 1,
    priority: "P2",
  },
  {
    situation: "it is hit, redundancy unknown",
    severity: "critical",
    services: [shop(1, null)],
    rootCriticality: null,
    priority: "P1",
  },
  {
    situation: "it is hit, one alternative is left",
    severity: "critical",
    services: [shop(1, 1)],
    rootCriticality: 1,
    priority: "P2",
  },
  {
    situation: "one of criticality 2 is down",
    severity: "critical",
    services: [shop(2, 0)],
    rootCriticality: 2,
    priority: "P2",
  },
  {
    situation: "the worst of several counts",
    severity: "critical",
    services: [shop(3, 0), shop(1, 0), shop(2, 2)],
    rootCriticality: null,
    priority: "P1",
  },
  {
    situation: "no service is hit, the root is critical",
    severity: "critical",
    services: [],
    rootCriticality: 1,
    priority: "P2",
  },
  {
    situation: "nothing is known of the CI",
    severity: "critical",
    services: [],
    rootCriticality: null,
    priority: "P3",
  },
  {
    situation: "nothing is known, and it is a warning",
    severity: "warning",
    services: [],
    rootCriticality: null,
    priority: "P5",
  },
  {
    situation: "a warning on the most critical service with redundancy",
    severity: "warning",
    services: [shop(1, 2)],
    rootCriticality: 1,
    priority: "P4",
  },
];

test.for(ROWS)("$situation: $priority", ({ severity, services, rootCriticality, priority }) => {
  expect(priorityOf(severity, { services, cis: [] }, rootCriticality).priority).toBe(priority);
});

test("says why", () => {
  expect(priorityOf("critical", { services: [shop(1, 0)], cis: [] }, 1).reason).toBe(
    "shop (criticality 1) is hit, no redundancy left; critical",
  );
});

import { expect, test } from "vitest";
import { cmdb, play } from "./story.ts";

/** Traps of network devices name a port; what is at its other end they often do not say. */

const PAIR = cmdb(
  {
    "core-1": ["switch", { criticality: 1 }],
    "core-2": ["switch", { criticality: 1 }],
    "tor-1": "switch",
    "tor-2": "switch",
    "tor-3": "switch",
    "hv-1": "hypervisor",
    "hv-2": "hypervisor",
    "vm-1": "vm",
    "vm-2": "vm",
  },
  [
    ...["tor-1", "tor-2", "tor-3"].flatMap((tor) => [`${tor} connectsTo core-1`, `${tor} connectsTo core-2`]),
    ...["hv-1", "hv-2"].flatMap((hv) => [`${hv} connectsTo tor-1`, `${hv} connectsTo tor-2`]),
    "vm-1 runsOn hv-1",
    "vm-2 runsOn hv-2",
  ],
  { vantage: ["core-1"] },
);

const trap = (at: number, ci: string, port: string, summary: string) => ({
  at,
  ci,
  check: "linkDown",
  instance: port,
  severity: "major",
  source: "snmptrap",
  summary,
});

test("the same port of the twin leads to the same neighbour: one of the two traps names it", async () => {
  const story = [
    trap(10, "core-1", "Gi0/6", "linkDown Gi0/6 (to tor-2)"),
    trap(12, "core-2", "Gi0/6", "state to down"),
  ];
  const { incidents } = await play(PAIR, story, 120);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause.ci).toBe("tor-2");
});

test("a trap that names the neighbour sheds light on those that came before it", async () => {
  const story = [
    trap(10, "core-1", "Gi0/6", "state to down"),
    trap(12, "core-2", "Gi0/6", "linkDown Gi0/6 (to tor-2)"),
  ];
  const { incidents } = await play(PAIR, story, 120);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause.ci).toBe("tor-2");
});

const EDGE = cmdb(
  {
    "core-1": ["switch", { criticality: 1 }],
    "fw-1": ["firewall", { criticality: 1 }],
    "wan-isp": ["wanLink", { criticality: 1 }],
    mail: ["businessService", { criticality: 1 }],
    "mail-srv": "application",
    "mail-vm": "vm",
  },
  ["fw-1 connectsTo core-1", "mail uses wan-isp", "mail dependsOn mail-srv", "mail-srv runsOn mail-vm"],
  { vantage: ["core-1"] },
);

test("a port of the firewall and the service that needs the line outside: the line, though it is connected to nothing", async () => {
  const story = [
    trap(10, "fw-1", "Gi0/2", "state to down"),
    { at: 50, ci: "mail", check: "txn_failed", severity: "critical", source: "synthetic", summary: "mail fails" },
  ];
  const { incidents, pages } = await play(EDGE, story, 300);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause.ci).toBe("wan-isp");
  expect(pages).toBe(1);
});

test("a circuit tells nothing of itself: that a check sees it down is no sign of life", async () => {
  const document = cmdb(
    {
      "core-1": ["switch", { criticality: 1 }],
      "edge-a": ["router", { criticality: 1 }],
      "edge-b": ["router", { criticality: 1 }],
      "wan-1": ["wanLink", { criticality: 1 }],
      "wan-2": ["wanLink", { criticality: 1 }],
    },
    [
      "edge-a connectsTo core-1",
      ...["wan-1", "wan-2"].flatMap((wan) => [`${wan} connectsTo edge-a`, `edge-b connectsTo ${wan}`]),
    ],
    { vantage: ["core-1"] },
  );
  const story = [
    trap(10, "edge-a", "Gi0/4", "state to down"),
    trap(10, "edge-b", "Gi0/4", "state to down"),
    { at: 90, ci: "wan-2", check: "check_wan", severity: "critical", source: "nagios", summary: "WAN circuit down" },
  ];
  const { incidents } = await play(document, story, 300);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause.ci).toBe("wan-2");
});

import { expect, test } from "vitest";
import { runbooksOf } from "../port/runbooks.ts";
import { DEFAULT_PACKS, loadRules } from "./rules.ts";

const { runbooks } = await loadRules(DEFAULT_PACKS);

test("every rule of the default pack has its runbook", () => {
  expect(runbooks.list().length).toBeGreaterThan(20);
  expect(runbooks.of("filesystem_full")).toEqual({
    check: "filesystem_full",
    href: "/runbooks/linux-host/filesystem_full",
  });
  expect(runbooks.text("linux-host", "filesystem_full")).toMatch(/\w/);
  for (const name of ["../pack.yaml", "", "constructor", "__proto__"])
    expect(runbooks.text("linux-host", name)).toBeUndefined();
});

test("an incident's runbooks are those of its own rules' alerts, each once", () => {
  const alert = (source: string, check: string) => ({ source, check });
  const alerts = [
    alert("agent", "cpu_busy"),
    alert("agent", "cpu_busy"),
    alert("nagios", "filesystem_full"),
    alert("collector", "no_rule"),
  ];
  expect(runbooksOf(alerts, runbooks).map(({ check }) => check)).toEqual(["cpu_busy"]);
});

test("the address that an alert names itself comes before our own, and only the web is taken", () => {
  const alerts = [
    { source: "alertmanager", check: "WebDown", runbook: "https://runbooks.example.net/web" },
    { source: "agent", check: "cpu_busy", labels: { runbook_url: "https://runbooks.example.net/cpu" } },
    { source: "alertmanager", check: "Hostile", runbook: "javascript:alert(1)" },
  ];
  expect(runbooksOf(alerts, runbooks)).toEqual([
    { check: "WebDown", href: "https://runbooks.example.net/web" },
    { check: "cpu_busy", href: "https://runbooks.example.net/cpu" },
  ]);
});

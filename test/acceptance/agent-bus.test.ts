import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { onBus } from "../../agent/bus/system-bus.ts";
import { lookAtUnits, showUnits } from "../../agent/bus/systemd.ts";
import { askTimesyncd } from "../../agent/bus/time-services.ts";
import { systemClock } from "../../agent/clock.ts";
import { serveOnBus, type Written } from "../support/bus-double.ts";
import { debianEnvironment, debianTool } from "../support/debian-tool.ts";
import { temporaryFolder } from "../support/tocsin-process.ts";

/**
 * The agent's questions on a real message bus, which looks at each message and ends the connection of who sends a bad one. Configured as a
 * host's own bus in what matters: who comes is known by the kernel, and has few calls open.
 */
async function realBus(): Promise<string> {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const path = join(folder, "bus");
  const config = join(folder, "bus.conf");
  writeFileSync(
    config,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/>
    <allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
  </policy>
  <limit name="max_replies_per_connection">128</limit>
</busconfig>
`,
  );
  const daemon = spawn(debianTool("dbus-daemon"), [`--config-file=${config}`, "--nofork", "--print-address=1"], {
    stdio: ["ignore", "pipe", "ignore"],
    env: debianEnvironment,
  });
  onTestFinished(() => void daemon.kill("SIGKILL"));
  await new Promise<void>((done, fail) => {
    daemon.stdout.once("data", () => done());
    daemon.once("exit", (code) => fail(new Error(`dbus-daemon ended with ${code}`)));
  });
  return path;
}

const property = (type: string, value: Written) => ({ type: "v", values: [{ type, value }] });

test("units and time on a real bus, and what it says of those who are not there", { timeout: 30_000 }, async () => {
  const path = await realBus();
  const units = Array.from({ length: 300 }, (_, index): Written => {
    const name = `service-${String(index).padStart(3, "0")}.service`;
    return [
      name,
      "Ä service",
      "loaded",
      "active",
      "running",
      "",
      `/org/freedesktop/systemd1/unit/u${index}`,
      0,
      "",
      "/",
    ];
  });
  const second = 1_000_000;
  const at = Math.round(Date.now() / 1000);
  const message = [
    0,
    4,
    4,
    2,
    -20,
    20_000,
    5000,
    [1, 2, 3, 4],
    at * second,
    at * second,
    at * second,
    at * second,
    false,
    9,
    700,
  ];
  const end = await serveOnBus(path, ["org.freedesktop.systemd1", "org.freedesktop.timesync1"], {
    "org.freedesktop.systemd1.Manager.ListUnits": () => ({ type: "a(ssssssouso)", values: [units] }),
    "org.freedesktop.systemd1.Manager.LoadUnit": () => ({ type: "o", values: ["/org/freedesktop/systemd1/unit/u0"] }),
    "org.freedesktop.DBus.Properties.Get": ([, name]) => {
      if (name === "NRestarts") return property("u", 4);
      if (name === "NTPMessage") return property("(uuuuittayttttbtt)", message);
      return name === "Result" ? { error: "org.freedesktop.DBus.Error.UnknownProperty" } : property("s", String(name));
    },
  });
  onTestFinished(end);

  const all = { unitsMax: 400, wants: () => true, wantsType: () => true, wantsRestarts: () => true };
  const look = await lookAtUnits(systemClock, all, path);
  if ("error" in look) throw new Error(look.error);
  expect(look.units.length).toBe(300);
  expect(look.units.every(({ type, restarts }) => type === "Type" && restarts === 4)).toBe(true);
  const shown = await showUnits(systemClock, ["service-000.service"], path);
  expect(shown.get("service-000.service")).toEqual({
    loadState: "LoadState",
    activeState: "ActiveState",
    subState: "SubState",
    result: "",
    restarts: 4,
    controlGroup: "ControlGroup",
    type: "Type",
  });
  expect(await askTimesyncd(systemClock, path)).toMatchObject({ synchronized: true, estimatedErrorSeconds: 0.0007 });
  expect(
    await onBus({ clock: systemClock, path }, (bus) =>
      bus.get(
        { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" },
        "Interfaces",
      ),
    ),
  ).toEqual({ result: { values: [expect.arrayContaining(["org.freedesktop.DBus.Monitoring"])] } });

  end();
  expect(await lookAtUnits(systemClock, all, path)).toEqual({
    error: expect.stringContaining("org.freedesktop.DBus.Error."),
  });
});

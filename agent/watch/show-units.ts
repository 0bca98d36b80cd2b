import { statSync } from "node:fs";
import { SYSTEM_BUS } from "../bus/bus-socket.ts";
import type { Clock } from "../clock.ts";
import type { UnitState } from "./unit-state.ts";

/** Asks the service manager; rejects where there is none. */
export type ShowUnits = (names: readonly string[]) => Promise<Map<string, UnitState>>;

/** Over the message bus; by `systemctl`, a child process each time, only where there is no bus or it does not answer. */
export function askSystemd(clock: Clock): ShowUnits {
  return async (names) => {
    if (statSync(SYSTEM_BUS, { throwIfNoEntry: false }) === undefined) return systemctlShow(names);
    const { showUnits } = await import("../bus/systemd.ts");
    return showUnits(clock, names).catch(() => systemctlShow(names));
  };
}

const PROPERTIES = "Id,Names,LoadState,ActiveState,SubState,Result,NRestarts,ControlGroup,Type";

const systemctlShow: ShowUnits = async (names) => {
  // Loaded by those agents only that watch units.
  const { execFile } = await import("node:child_process");
  return new Promise((resolve, reject) => {
    execFile(
      "systemctl",
      ["show", "--no-pager", `--property=${PROPERTIES}`, "--", ...names],
      { timeout: 5000, maxBuffer: 1024 * 1024, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } },
      (error, stdout) => {
        if (error === null) resolve(parseShow(stdout));
        else reject(new Error(error.code === "ENOENT" ? "there is no systemctl" : error.message.split("\n")[0]));
      },
    );
  });
};

/** Blocks of `Key=value`, an empty line between units. A unit is found by each of its names. */
export function parseShow(text: string): Map<string, UnitState> {
  const units = new Map<string, UnitState>();
  for (const block of text.split(/\n\s*\n/)) {
    const keys = new Map(
      block.split("\n").flatMap((line): [string, string][] => {
        const split = line.indexOf("=");
        return split < 1 ? [] : [[line.slice(0, split), line.slice(split + 1)]];
      }),
    );
    const state: UnitState = {
      loadState: keys.get("LoadState") ?? "unknown",
      activeState: keys.get("ActiveState") ?? "unknown",
      subState: keys.get("SubState") ?? "",
      result: keys.get("Result") ?? "",
      restarts: Number(keys.get("NRestarts") ?? 0),
      controlGroup: keys.get("ControlGroup") ?? "",
      type: keys.get("Type") ?? "",
    };
    for (const name of [keys.get("Id") ?? "", ...(keys.get("Names") ?? "").split(" ")])
      if (name !== "") units.set(name, state);
  }
  return units;
}

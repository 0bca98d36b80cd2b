import { connect } from "node:net";
import type { Clock } from "../clock.ts";
import type { PortWatch } from "../config/agent-config.ts";
import { type CheckResult, PolledCheck, type WatchContext, type Watch } from "./check.ts";

/** A TCP port answers when a connection to it is made; nothing is sent. */
export function createPortWatch(context: WatchContext, watch: PortWatch): Watch {
  const instance = `${watch.host.includes(":") ? `[${watch.host}]` : watch.host}:${watch.port}`;
  return new PolledCheck(
    context,
    {
      check: "port_closed",
      instance,
      severity: watch.severity,
      forMs: watch.forMs,
      labels: { symptom: "unreachable" },
    },
    { everyMs: watch.everyMs, probe: () => probePort(watch, instance, context.clock) },
  );
}

export function probePort(
  watch: { host: string; port: number; timeoutMs: number },
  instance: string,
  clock: Clock,
): Promise<CheckResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: watch.host, port: watch.port });
    const done = (result: CheckResult): void => {
      cancel();
      socket.destroy();
      resolve(result);
    };
    const bad = (why: string): CheckResult => ({ status: "bad", summary: `port ${instance} ${why}` });
    const cancel = clock.after(watch.timeoutMs, () => done(bad(`does not answer within ${watch.timeoutMs} ms`)));
    socket.on("connect", () => done({ status: "good" }));
    socket.on("error", (error: NodeJS.ErrnoException) => done(bad(`is not reachable: ${reasonOf(error)}`)));
  });
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its name cannot be resolved";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "no route to it";
    default:
      return error.code ?? error.message;
  }
}

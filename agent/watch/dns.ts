import { Resolver } from "node:dns/promises";
import type { DnsWatch } from "../config/agent-config.ts";
import { type CheckResult, PolledCheck, type Watch, type WatchContext } from "./check.ts";

/** Resolves a name by the host's own servers or by a given one. */
export function createDnsWatch(context: WatchContext, watch: DnsWatch): Watch {
  const { name, type, severity, forMs, everyMs } = watch;
  return new PolledCheck(
    context,
    {
      check: "dns_failed",
      instance: type === "A" ? name : `${name} ${type}`,
      severity,
      forMs,
      labels: { symptom: "errors" },
    },
    { everyMs, probe: () => probeDns(watch) },
  );
}

export async function probeDns(
  watch: Pick<DnsWatch, "name" | "type" | "server" | "contains" | "timeoutMs">,
): Promise<CheckResult> {
  const { name, type, server, contains, timeoutMs } = watch;
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  if (server !== null) resolver.setServers([server]);
  try {
    const answers = ((await resolver.resolve(name, type)) as unknown[]).map((answer) =>
      typeof answer === "string" ? answer : JSON.stringify(answer),
    );
    if (contains === null || answers.some((answer) => answer.includes(contains))) return { status: "good" };
    const shown = answers.slice(0, 4).join(", ");
    return { status: "bad", summary: `${name} resolves to ${shown}, without ${contains}` };
  } catch (error) {
    return {
      status: "bad",
      summary: `${name} (${type}) cannot be resolved: ${reasonOf(error as NodeJS.ErrnoException)}`,
    };
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOTFOUND":
    case "ENODATA":
      return "there is no such record";
    case "ETIMEOUT":
      return "the server does not answer";
    case "ESERVFAIL":
      return "the server failed";
    case "ECONNREFUSED":
      return "no server listens";
    default:
      return error.code ?? error.message;
  }
}

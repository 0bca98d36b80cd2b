import type { PingWatch } from "../config/agent-config.ts";
import { type Series, setSeries } from "../sample/series-table.ts";
import { type CheckResult, PolledCheck, type Watch, type WatchContext } from "./check.ts";
import { type ProgramEnd, runProgram } from "./run-program.ts";

/** What ping(8) sums up at its end. */
export interface PingSummary {
  sent: number;
  received: number;
  /** Mean round trip in milliseconds; NaN where nothing came back. */
  rttMs: number;
}

/** Over the packets' seconds: for the name, and for the last answer. */
const GRACE_SECONDS = 3;

/** Asks a host by ICMP echo, with the system's ping; see docs/decision/0007. */
export function createPingWatch(context: WatchContext, watch: PingWatch): Watch {
  const { host, severity, forMs, everyMs } = watch;
  const loss = context.table.gauge("tocsin.ping.loss", "1", { host });
  const rtt = context.table.gauge("tocsin.ping.rtt", "s", { host });
  const check = new PolledCheck(
    context,
    { check: "ping_failed", instance: host, severity, forMs, labels: { symptom: "unreachable" } },
    {
      everyMs,
      probe: async () => {
        const { result, summary } = judgePing(watch, await runPing(context, watch));
        const at = context.clock.now();
        if (summary !== null) {
          setSeries(loss, 1 - summary.received / summary.sent, at);
          setSeries(rtt, summary.rttMs / 1000, at);
          // Without an answer there is no time to hold on to.
          if (summary.received === 0) rtt.value = Number.NaN;
        }
        return result;
      },
    },
  );
  return {
    tick(at) {
      for (const series of [loss, rtt]) hold(series, at);
      check.tick(at);
    },
    stop: () => check.stop(),
  };
}

/** Asked once a minute; a collector takes a series for gone that was silent for half of that. */
function hold(series: Series, at: number): void {
  setSeries(series, series.value, at);
}

/** Without what only one of the pings in the field knows: no `-n`, no `-i`. */
function runPing({ clock }: WatchContext, { host, count }: PingWatch): Promise<ProgramEnd | null> {
  const seconds = count + GRACE_SECONDS;
  const command = ["ping", "-q", "-c", String(count), "-w", String(seconds), host];
  return runProgram({ command, timeoutMs: (seconds + 1) * 1000 }, clock);
}

export function judgePing(
  { host, loss, rttMs }: Pick<PingWatch, "host" | "loss" | "rttMs">,
  ended: ProgramEnd | null,
): { result: CheckResult; summary: PingSummary | null } {
  if (ended === null)
    return {
      result: { status: "unknown", reason: "as many programs as may run at a time do so already" },
      summary: null,
    };
  const summary = parsePing(ended.output);
  if (summary === null) {
    // An unknown name, no permission, no such program: nothing was asked of the host.
    const said = ended.complaint === "" ? "and told nothing" : `and said: ${ended.complaint}`;
    const reason = ended.reason === "" ? `ping ended with ${ended.code} ${said}` : ended.reason;
    return { result: { status: "unknown", reason: `ping ${host}: ${reason}` }, summary: null };
  }
  const { sent, received } = summary;
  const lost = 1 - received / sent;
  const bad = (text: string): CheckResult => ({ status: "bad", summary: `${host} ${text}`, value: lost });
  if (received === 0) return { result: bad(`does not answer ping: ${sent} of ${sent} lost`), summary };
  if (lost >= loss) return { result: bad(`loses packets: ${sent - received} of ${sent}`), summary };
  if (rttMs !== null && summary.rttMs > rttMs)
    return { result: bad(`answers ping slowly: ${summary.rttMs} ms, more than ${rttMs} ms`), summary };
  return { result: { status: "good" }, summary };
}

/** iputils, busybox, inetutils and BSD differ in words and not in these numbers. null where there is no summary. */
export function parsePing(output: string): PingSummary | null {
  const packets = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output);
  const sent = Number(packets?.[1] ?? 0);
  if (packets === null || sent === 0) return null;
  const trip = /(?:rtt|round-trip) min\/avg\/max\S* = [\d.]+\/([\d.]+)\//.exec(output);
  return { sent, received: Math.min(sent, Number(packets[2])), rttMs: Number(trip?.[1] ?? Number.NaN) };
}

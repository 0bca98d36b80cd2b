import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import type { Clock } from "../clock.ts";
import type { HttpWatch } from "../config/agent-config.ts";
import { type Series, setSeries } from "../sample/series-table.ts";
import { type CheckResult, PolledCheck, type Watch, type WatchContext } from "./check.ts";

/** Of the body, as much as is looked at. */
const BODY_BYTES_MAX = 64 * 1024;

/** Asks an address and looks at its status and, where wanted, for a text in the body. Redirects are an answer, not followed. */
export function createHttpWatch(context: WatchContext, watch: HttpWatch): Watch {
  const { name, severity, forMs, everyMs } = watch;
  const duration = context.table.gauge("tocsin.http.duration", "s", { name });
  return new PolledCheck(
    context,
    { check: "http_failed", instance: name, severity, forMs, labels: { symptom: "unreachable" } },
    { everyMs, probe: () => probeHttp(watch, context.clock, duration) },
  );
}

export async function probeHttp(
  watch: Pick<HttpWatch, "url" | "status" | "contains" | "timeoutMs">,
  clock: Clock,
  duration: Series,
): Promise<CheckResult> {
  const started = clock.monotonic();
  const url = new URL(watch.url);
  const request = url.protocol === "https:" ? (await import("node:https")).request : httpRequest;
  const answer = await exchange(
    request(url, { headers: { "user-agent": "tocsin-agent" }, agent: false }),
    watch.timeoutMs,
    clock,
  );
  if (typeof answer === "string") return { status: "bad", summary: `${watch.url}: ${answer}` };
  const seconds = (clock.monotonic() - started) / 1000;
  setSeries(duration, seconds, clock.now());
  const { status, body } = answer;
  if (status < watch.status.from || status > watch.status.to)
    return { status: "bad", summary: `${watch.url} answers ${status}`, value: status };
  if (watch.contains !== null && !body.includes(watch.contains))
    return { status: "bad", summary: `${watch.url} answers without ${JSON.stringify(watch.contains)}` };
  return { status: "good" };
}

/** Text: why there was no answer. */
function exchange(
  request: ClientRequest,
  timeoutMs: number,
  clock: Clock,
): Promise<{ status: number; body: string } | string> {
  return new Promise((resolve) => {
    const cancel = clock.after(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    const done = (result: { status: number; body: string } | string): void => {
      cancel();
      resolve(result);
      request.destroy();
    };
    request.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    request.on("response", (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const end = (): void =>
        done({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8", 0, BODY_BYTES_MAX) });
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= BODY_BYTES_MAX) end();
      });
      response.on("end", end);
      response.on("error", (error) => done(error.message));
    });
    request.end();
  });
}

import { generateKeyPairSync } from "node:crypto";
import type { HttpAnswer, HttpRequest } from "../../agent/send/transport.ts";
import { TokenDesk } from "../../collector/enrolment/desk.ts";
import { openSigningKey } from "../../collector/enrolment/signing-key.ts";
import { TokenTable } from "../../collector/enrolment/token-table.ts";
import { AGENT_ENROL_PATH, type EnrolmentRequest, type TokenRequest } from "../../protocol/agent-enrolment.ts";
import { RecordingLog, RecordingTelemetry } from "./recording-ports.ts";
import type { VirtualClock } from "./virtual-clock.ts";

const TOKEN_LIFETIME_MS = 90 * 86_400_000;

export type EnrolmentWire = ReturnType<typeof enrolmentWire>;

/** The collector's own desk behind a wire that the test can cut. */
export function enrolmentWire(clock: VirtualClock) {
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const table = new TokenTable(null);
  const real = new TokenDesk({
    table,
    signing: openSigningKey({ current: pem, previous: null }, ""),
    now: () => clock.now(),
    tokenLifetimeMs: () => TOKEN_LIFETIME_MS,
    resolveCi: (name) => name,
    log: new RecordingLog(),
    telemetry: new RecordingTelemetry(),
  });
  const wire = { cut: "none" as "none" | "request" | "answer", requests: 0 };
  const send = (request: HttpRequest): Promise<HttpAnswer> => {
    wire.requests++;
    const failed: HttpAnswer = { kind: "failed", reason: "ECONNRESET" };
    if (wire.cut === "request") return Promise.resolve(failed);
    const bearer = (request.headers["authorization"] ?? "").slice("Bearer ".length);
    const body = JSON.parse(Buffer.concat(request.body ?? []).toString()) as EnrolmentRequest & TokenRequest;
    const answer = request.url.endsWith(AGENT_ENROL_PATH)
      ? real.exchange(bearer, body)
      : real.renew(bearer, body.token);
    if (wire.cut === "answer") return Promise.resolve(failed);
    const status = "code" in answer ? 401 : 200;
    return Promise.resolve({ kind: "answer", status, headers: {}, body: Buffer.from(JSON.stringify(answer)) });
  };
  const make = (ci: string | null = null): string => real.create({ ci, validForMs: 3_600_000, by: "root" }).token;
  return { real, wire, transport: { send, close: () => undefined }, make };
}

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs";
import { connect } from "node:tls";
import type { Clock } from "../clock.ts";
import type { CertificateWatch } from "../config/agent-config.ts";
import { type Series, setSeries } from "../sample/series-table.ts";
import type { SeenCertificates } from "./changes/certificate-facts.ts";
import { type CheckResult, PolledCheck, type Watch, type WatchContext } from "./check.ts";

/** What was found: when the first of the certificates ends, and what else is wrong with them. */
interface Found {
  endsAt: number;
  /** Of the first one; SHA-256. */
  fingerprint: string;
  /** null = nothing; the reason of Node's own check otherwise. */
  trouble: string | null;
}

const DAY_MS = 86_400_000;

/** Tells a certificate's end before it comes, and a chain that clients would refuse. */
export function createCertificateWatch(context: WatchContext, watch: CertificateWatch, seen: SeenCertificates): Watch {
  const { name, severity, forMs, everyMs } = watch;
  const left = context.table.gauge("tocsin.certificate.expires_in", "s", { name });
  return new PolledCheck(
    context,
    { check: "certificate", instance: name, severity, forMs, labels: { symptom: "errors" } },
    { everyMs, probe: () => probeCertificate(watch, context.clock, { left, seen }) },
  );
}

export async function probeCertificate(
  watch: CertificateWatch,
  clock: Clock,
  { left, seen }: { left: Series; seen: SeenCertificates },
): Promise<CheckResult> {
  const found = watch.file === null ? await ofServer(watch, clock) : await ofFile(watch.file);
  seen.see(watch.name, typeof found === "string" ? null : found);
  if (typeof found === "string") return { status: "bad", summary: `certificate ${watch.name}: ${found}` };
  const leftMs = found.endsAt - clock.now();
  setSeries(left, leftMs / 1000, clock.now());
  const { criticalMs, warnMs, name } = watch;
  if (leftMs <= 0) return bad(`certificate ${name} has expired`, "critical", leftMs);
  if (leftMs <= criticalMs) return bad(`certificate ${name} expires in ${days(leftMs)}`, "critical", leftMs);
  if (found.trouble !== null) return { status: "bad", summary: `certificate ${name} is refused: ${found.trouble}` };
  if (leftMs <= warnMs) return bad(`certificate ${name} expires in ${days(leftMs)}`, watch.severity, leftMs);
  return { status: "good" };
}

const bad = (summary: string, severity: CertificateWatch["severity"], leftMs: number): CheckResult => ({
  status: "bad",
  summary,
  severity,
  value: Math.round(leftMs / 1000),
});

function days(ms: number): string {
  return ms < 2 * DAY_MS ? `${Math.round(ms / 3_600_000)} h` : `${Math.floor(ms / DAY_MS)} days`;
}

function ofServer(watch: CertificateWatch, clock: Clock): Promise<Found | string> {
  return new Promise((resolve) => {
    const host = watch.host!;
    const servername = watch.serverName ?? (/^[\d.:]+$/.test(host) ? "" : host);
    // Looked at, not trusted: nothing is sent over this connection.
    const socket = connect({ host, port: watch.port, servername, rejectUnauthorized: false });
    const done = (result: Found | string): void => {
      cancel();
      socket.destroy();
      resolve(result);
    };
    const cancel = clock.after(watch.timeoutMs, () => done(`no answer within ${watch.timeoutMs} ms`));
    socket.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    socket.on("secureConnect", () => {
      const { valid_to: validTo, fingerprint256: fingerprint } = socket.getPeerCertificate();
      const endsAt = Date.parse(validTo);
      const { authorizationError } = socket as { authorizationError?: unknown };
      if (Number.isNaN(endsAt)) done("the server shows none");
      else done({ endsAt, fingerprint, trouble: socket.authorized ? null : String(authorizationError) });
    });
  });
}

function ofFile(path: string): Promise<Found | string> {
  return new Promise((resolve) => {
    readFile(path, "latin1", (error, text) => {
      if (error !== null) return resolve(`${path} cannot be read (${error.code})`);
      const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
      try {
        const all = blocks.map((block) => new X509Certificate(block));
        const [first] = all;
        if (first === undefined) return resolve(`${path} holds none`);
        const endsAt = Math.min(...all.map(({ validTo }) => Date.parse(validTo)));
        return resolve({ endsAt, fingerprint: first.fingerprint256, trouble: null });
      } catch {
        // Between its marks stands something else.
        return resolve(`${path} holds one that is damaged`);
      }
    });
  });
}

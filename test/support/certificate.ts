import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Tests that need a certificate are left out where nothing can make one. */
export const hasOpenSsl = spawnSync("openssl", ["version"]).status === 0;

/** A key and a self-signed certificate for localhost, as files in `folder`. */
export function selfSigned(folder: string, days: number): { key: string; cert: string; path: string } {
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const whose = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", String(days)];
  execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert, ...whose], { stdio: "ignore" });
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8"), path: cert };
}

import { createHmac } from "node:crypto";

const PREFIX = "whsec_";

/**
 * The key of a Standard Webhooks secret: `whsec_` and base64, or any other text as it stands.
 *
 * @returns null where the text begins as a Standard Webhooks secret and is none.
 */
export function keyOf(secret: string): Buffer | null {
  if (!secret.startsWith(PREFIX)) return Buffer.from(secret, "utf8");
  const encoded = secret.slice(PREFIX.length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return null;
  const key = Buffer.from(encoded, "base64");
  return key.length === 0 ? null : key;
}

/**
 * The `webhook-signature` header of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, one for each secret, so
 * that a receiver accepts the message before and after it has taken over a new secret.
 *
 * @param timestampS seconds since 1970, of this attempt.
 */
export function signature(secrets: readonly string[], id: string, timestampS: number, body: string): string {
  return secrets
    .flatMap((secret) => keyOf(secret) ?? [])
    .map((key) => `v1,${createHmac("sha256", key).update(`${id}.${timestampS}.${body}`).digest("base64")}`)
    .join(" ");
}

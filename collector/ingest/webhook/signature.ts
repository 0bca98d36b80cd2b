import { createHmac, timingSafeEqual } from "node:crypto";
import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import type { WebhookMessage } from "./webhook-kind.ts";

const equal = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Whether `hex` is the HMAC of the bytes under one of the secrets. */
export function isHmacHex(
  algorithm: "sha256" | "sha512",
  secrets: readonly string[],
  bytes: Buffer | string,
  hex: string,
): boolean {
  const given = Buffer.from(hex, "hex");
  return secrets.some((secret) => equal(createHmac(algorithm, secret).update(bytes).digest(), given));
}

/** Whether the text is one of the secrets; in constant time for texts of equal length. */
export function isSecret(secrets: readonly string[], given: string | undefined): boolean {
  if (given === undefined) return false;
  const bytes = Buffer.from(given);
  return secrets.some((secret) => equal(Buffer.from(secret), bytes));
}

/** How far the sender's clock may be off. */
const TOLERANCE_MS: Milliseconds = 5 * 60_000;

/** The key of a Standard Webhooks secret: `whsec_` and base64, or any other text as it is. */
function keyOf(secret: string): Buffer {
  return secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret);
}

/**
 * Standard Webhooks 1.0.0: `webhook-signature` holds `v1,<base64>` parts, the HMAC-SHA256 of `id.timestamp.body`.
 * An old timestamp is refused, so that a recorded message cannot be sent again.
 */
export function isStandardWebhook(message: WebhookMessage, secrets: readonly string[], now: UnixMillis): boolean {
  const id = message.header("webhook-id");
  const timestamp = message.header("webhook-timestamp");
  const signatures = message.header("webhook-signature");
  if (id === undefined || timestamp === undefined || signatures === undefined) return false;
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Number(timestamp) * 1000 - now) > TOLERANCE_MS) return false;
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), message.bytes]);
  const given = signatures
    .split(" ")
    .slice(0, 10)
    .flatMap((part) => (part.startsWith("v1,") ? [Buffer.from(part.slice(3), "base64")] : []));
  return secrets.some((secret) => {
    const own = createHmac("sha256", keyOf(secret)).update(content).digest();
    return given.some((signature) => equal(own, signature));
  });
}

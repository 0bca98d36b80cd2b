import type { Json } from "../core/model/ledger.ts";
import type { Notification } from "../core/model/notification.ts";
import type { Milliseconds } from "../core/model/time.ts";

/** Why a delivery did not succeed: a closed list, because it labels a metric. */
export const DELIVERY_FAILURES = [
  "timeout",
  "connection",
  "dns",
  "tls",
  "rateLimited",
  "serverError",
  "rejected",
  "unauthorised",
  "notFound",
  "redirect",
  "forbiddenTarget",
  "badResponse",
  "template",
  "misconfigured",
] as const;
export type DeliveryFailure = (typeof DELIVERY_FAILURES)[number];

/**
 * The outside world's answer, as a value; a connector never throws for it.
 * `reference` is what the connector wants back the next time it is asked about the same incident (a chat thread's id, a ticket's id).
 */
export type DeliveryResult =
  | { status: "success"; reference?: Json }
  | { status: "retryable"; reason: DeliveryFailure; detail: string; retryInMs?: Milliseconds }
  | { status: "permanent"; reason: DeliveryFailure; detail: string };

export interface Delivery {
  notification: Notification;
  /** What this connector returned last for the same incident and receiver; undefined the first time. */
  reference: Json | undefined;
  /** 1 for the first attempt. */
  attempt: number;
  /** Aborts when the attempt's time is up. */
  signal: AbortSignal;
}

/** One way to tell people or a tool. One instance a configured receiver; `deliver` may be called again with the same key. */
export interface Connector {
  readonly kind: string;
  deliver(delivery: Delivery): Promise<DeliveryResult>;
  close?(): Promise<void>;
}

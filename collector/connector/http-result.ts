import type { DeliveryResult } from "../port/connector.ts";
import type { DeliveryFailure } from "../port/delivery-failure.ts";
import type { OutgoingResult } from "../port/outgoing.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";

type Answered = Extract<OutgoingResult, { status: "answered" }>;
export type FailedDelivery = Exclude<DeliveryResult, { status: "success" }>;

/** A receiver cannot put us off for longer than this: the incident would be over. */
const RETRY_AFTER_MAX_MS: Milliseconds = 3_600_000;

/** `Retry-After` as seconds or as an HTTP date; undefined where there is none that can be read. */
export function retryAfterMs(value: string | undefined, now: UnixMillis): Milliseconds | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const waitMs = /^\d{1,9}(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(waitMs)) return undefined;
  return Math.min(Math.max(0, Math.round(waitMs)), RETRY_AFTER_MAX_MS);
}

const CLIENT_ERRORS: Readonly<Record<number, DeliveryFailure>> = {
  401: "unauthorised",
  403: "unauthorised",
  404: "notFound",
  410: "notFound",
};

/**
 * What an HTTP answer other than 2xx means for the delivery.
 * 408, 425, 429 and 5xx pass with time; a redirect is a failure that somebody may repair at the other end (a maintenance
 * page, a login), so it is tried again at the same address and never followed; every other 4xx fails for good.
 */
export function failureOfAnswer(answer: Answered, now: UnixMillis): FailedDelivery {
  const { httpStatus, headers } = answer;
  const waitMs = retryAfterMs(headers["retry-after"], now);
  const retryable = (reason: DeliveryFailure): FailedDelivery => ({
    status: "retryable",
    reason,
    detail: `HTTP ${httpStatus}`,
    ...(waitMs === undefined ? {} : { retryInMs: waitMs }),
  });
  if (httpStatus === 429) return retryable("rateLimited");
  if (httpStatus === 408 || httpStatus === 425) return retryable("timeout");
  if (httpStatus >= 500) return retryable("serverError");
  if (httpStatus >= 300 && httpStatus < 400) return retryable("redirect");
  if (httpStatus >= 400)
    return { status: "permanent", reason: CLIENT_ERRORS[httpStatus] ?? "rejected", detail: `HTTP ${httpStatus}` };
  return { status: "retryable", reason: "badResponse", detail: `HTTP ${httpStatus}` };
}

/** What a call that brought no answer means: the network passes with time, a forbidden or impossible target does not. */
export function failureOfCall(failed: Extract<OutgoingResult, { status: "failed" }>): FailedDelivery {
  const { reason, detail } = failed;
  return reason === "forbiddenTarget" || reason === "misconfigured"
    ? { status: "permanent", reason, detail }
    : { status: "retryable", reason, detail };
}

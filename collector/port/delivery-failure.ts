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

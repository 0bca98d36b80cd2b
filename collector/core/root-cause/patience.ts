/**
 * How long a page still waits for a clearer picture, in longest settle times (30 s unless configured): the operator's own
 * measure of patience. What is not a page is told when the settle time is over.
 */
export interface Patience {
  /** From the beginning of the incident. */
  inAll: number;
  /** From when there was this ground for it: what has come just now may be chance, or heal. */
  since: number;
  /** Beside a page or a storm it is given time to turn out as a piece of that; false = whoever needs it waits for nobody else's trouble. */
  yields: boolean;
}

export const PATIENCE = {
  none: { inAll: 0, since: 0, yields: false },
  /** A business service is hit, and something that it needs. */
  service: { inAll: 0.8, since: 0, yields: false },
  /** One CI alone, but a business service cannot do without it (test/scenario/paging-policy.test.ts). */
  essential: { inAll: 1, since: 0, yields: false },
  /** It still answers, badly, and a business service cannot do without it: that shows at the service, if somebody watches it. */
  ailing: { inAll: 10, since: 10, yields: true },
  /** Something has stopped that matters less, or of which the CMDB does not say what stands on it: mostly it heals within minutes. */
  lasting: { inAll: 10, since: 10, yields: true },
  wide: { inAll: 1, since: 0, yields: true },
  /** Many CIs in mild trouble together are no mild matter. */
  mildWide: { inAll: 6, since: 0, yields: true },
  /** A few CIs; how long it has to stay beside that depends on how much speaks for it (`grounds.ts`). */
  together: { inAll: 1, since: 0, yields: true },
  agreeing: { inAll: 2, since: 0, yields: true },
  /** While a storm grows next to it, what looks like a fault of its own is mostly a piece of the storm. */
  inStorm: { inAll: 5, since: 3, yields: true },
  /** What planned work could be behind mostly passes with it. A service that is down, and what is wide, do not wait for that. */
  duringWork: { inAll: 20, since: 10, yields: true },
} as const satisfies Record<string, Patience>;

/** What a time service of this host says of the clock; NaN where it does not say it. */
export interface Tracking {
  synchronized: boolean;
  /** Seconds that must be added to the system's clock to be right, as adjtimex(2) has it: positive when it is behind. */
  offsetSeconds: number;
  /** The most by which it can be off. */
  errorSeconds: number;
  /** By how much it is off as a rule. */
  estimatedErrorSeconds: number;
}

/** A fault must explain a unit at least this much better than chance does. */
export const MARGIN = 0.4;
/** An own alert speaks for a root when that fault would show itself so. */
export const OWN_EVIDENCE = 1;
/** What an incident costs that stays whatever the units do, and what share of its price one that could go. */
export const SETTLED_PRICE = 0.4;
export const ANCHOR_PRICE = 0.8;

/**
 * How likely trouble passes along one relation, from what is needed to what needs it. One table for both directions of
 * reasoning: what it makes likely, its absence must make unlikely, or hubs that everything needs would explain
 * everything.
 */
export interface Transmission {
  /** Needed dead → dependent dead. */
  deadToDead: number;
  /** Needed dead → dependent works badly. */
  deadToBad: number;
  /** Needed works badly → dependent works badly. */
  badToBad: number;
}

const TABLE: Readonly<Record<string, Transmission>> = {
  runsOn: { deadToDead: 0.95, deadToBad: 0.9, badToBad: 0.5 },
  hostedOn: { deadToDead: 0.95, deadToBad: 0.9, badToBad: 0.5 },
  containedIn: { deadToDead: 0.85, deadToBad: 0, badToBad: 0.12 },
  storesOn: { deadToDead: 0.4, deadToBad: 0.7, badToBad: 0.6 },
  uses: { deadToDead: 0.1, deadToBad: 0.4, badToBad: 0.35 },
};
const DEPENDS: Transmission = { deadToDead: 0.2, deadToBad: 0.75, badToBad: 0.6 };

/** The only line to the network, and one of several. */
export const ONLY_LINE: Transmission = { deadToDead: 0.9, deadToBad: 0.8, badToBad: 0.4 };
export const ONE_OF_SEVERAL: Transmission = { deadToDead: 0.03, deadToBad: 0.05, badToBad: 0.2 };

/** A cache is asked on the way to nearly every answer: who loses it is slow at once. */
const CACHE: Transmission = { deadToDead: 0.05, deadToBad: 0.75, badToBad: 0.5 };

/** For every relation but `connectsTo` and `hasMember`, which depend on how many alternatives there are. */
export function transmission(type: string, needed = ""): Transmission {
  return needed === "cache" && type === "uses" ? CACHE : (TABLE[type] ?? DEPENDS);
}

/** A pool with so many members works badly when one of them does. */
export function memberChance(members: number): number {
  return members <= 1 ? 0.8 : 0.6 / members;
}

/** One of so many members is dead, and another one has too much to do. */
export function siblingChance(members: number): number {
  return members <= 1 ? 0 : 0.45 / (members - 1);
}

/** The replicas of a pool that works badly as a whole. */
export const REPLICA = 0.5;

/** −ln, as all evidence is summed. */
export function costOf(chance: number): number {
  return -Math.log(chance);
}

const TIME_WORDS = /ntp|clock|chrony|timeserver/;

/** Whether a CI gives the time to others, by its name or type. */
export function isTimeSource(ci: { id: string; type: string }): boolean {
  return TIME_WORDS.test(ci.id.toLowerCase()) || TIME_WORDS.test(ci.type.toLowerCase());
}

/** A wrong or missing clock is felt late and by few. */
export const TIME_USERS: Transmission = { deadToDead: 0, deadToBad: 0.08, badToBad: 0.12 };

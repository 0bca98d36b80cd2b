import type { Failure } from "./failure.ts";

/** What the thread of `Checkpointer` is told: to begin a checkpoint, or to end. */
export const BEGIN = "begin";
export const END = "end";

/** What it answers to the first. An error would lose its result code on the way to the other thread. */
export type Checkpointed = { pages: number; done: number } | { failure: Failure };

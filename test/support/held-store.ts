import type { Commit, CommitResult, Store } from "../../collector/port/store.ts";

/**
 * A store whose commits the test holds, refuses or lets through. `held` commits wait until `release`; `answers` are given
 * before the inner store is asked (then nothing is kept).
 */
export class HeldStore implements Store {
  readonly commits: Commit[] = [];
  answers: CommitResult[] = [];
  isHolding = false;
  /** The process is gone: nothing that it still does reaches the store. */
  isDead = false;
  private waiting: (() => void)[] = [];
  private readonly inner: Store;

  constructor(inner: Store) {
    this.inner = inner;
  }

  /** How many commits wait. */
  get held(): number {
    return this.waiting.length;
  }

  /** Lets all that wait through, and those that come. */
  release(): void {
    this.isHolding = false;
    for (const go of this.waiting.splice(0)) go();
  }

  async commit(commit: Commit): Promise<CommitResult> {
    if (this.isHolding)
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    if (this.isDead) return new Promise(() => undefined);
    const answer = this.answers.shift();
    if (answer !== undefined && answer.status !== "committed") return answer;
    this.commits.push(commit);
    return this.inner.commit(commit);
  }

  open: Store["open"] = async (options) => (this.isDead ? new Promise(() => undefined) : this.inner.open(options));
  entity: Store["entity"] = (kind, id) => this.inner.entity(kind, id);
  entities: Store["entities"] = (query) => this.inner.entities(query);
  ledger: Store["ledger"] = (query) => this.inner.ledger(query);
  reference: Store["reference"] = (receiver, incident) => this.inner.reference(receiver, incident);
  journal: Store["journal"] = (after, limit) => this.inner.journal(after, limit);
  compact: Store["compact"] = (before) => this.inner.compact(before);
  size: Store["size"] = () => this.inner.size();
  close: Store["close"] = async () => (this.isDead ? new Promise(() => undefined) : this.inner.close());
}

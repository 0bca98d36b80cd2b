import { AlertTable } from "./model/alert-table.ts";
import type { Alert } from "./model/alert.ts";
import type { Noted } from "./model/evidence.ts";
import { byText, inOrderOf } from "./model/order.ts";
import { SharedTexts } from "./model/shared-texts.ts";
import type { UnixMillis } from "./model/time.ts";

/** An alert of before, and what correlation knew of it. */
export interface RestoredAlert {
  readonly alert: Alert;
  readonly noted: Noted | null;
}

/**
 * The alerts that a restart finds, made into what they will live as while the store is still being read: of a hundred
 * thousand no other form is kept meanwhile. The state of the core goes on with this table and these texts.
 */
export class RestoredAlerts {
  readonly table = new AlertTable();
  readonly texts = new SharedTexts();
  private readonly all: RestoredAlert[] = [];
  private readonly began: UnixMillis[] = [];

  /** @param stored is copied: the object may be used again for the next one. */
  take(stored: Alert, noted: Noted | null): void {
    this.texts.share(stored);
    this.began.push(stored.firstSeenAt);
    this.all.push({ alert: this.table.restore(stored), noted });
  }

  /** By when they began, then by id: what is decided later must not depend on how they were stored. */
  inOrder(): readonly RestoredAlert[] {
    const { all, began } = this;
    const first = began.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
    const places = inOrderOf(
      all.map((_, place) => place),
      (place) => (began[place] ?? 0) - first,
      (one, other) => byText(all[one]?.alert.id ?? "", all[other]?.alert.id ?? ""),
    );
    return places.map((place) => all[place] as RestoredAlert);
  }
}

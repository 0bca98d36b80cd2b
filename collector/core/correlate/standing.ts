import type { Ranking } from "../model/correlation.ts";

/** Who was at fault stands; there is nothing left to be told of. */
export const NOTHING_FIRES: Pick<Ranking, "holdMs" | "holdReason" | "pageWorthy" | "pageReason" | "pageAfterMs"> = {
  holdMs: 0,
  holdReason: "",
  pageWorthy: false,
  pageReason: "everything has cleared",
  pageAfterMs: 0,
};

import type { TSchema } from "typebox";
import { REFUSAL } from "./basic.ts";
import { CI, CI_IN_CONTEXT, CMDB_DRIFT, CMDB_IMPORT, CMDB_SOURCE, RELATION } from "./cmdb.ts";
import { AGENT, ALERT, CHANGE, ENROLMENT, INCIDENT, LEDGER_RECORD, PROBLEM, ROOT_CAUSE } from "./document.ts";
import { MAINTENANCE, SILENCE } from "./mute.ts";

/** Schemas that stand under their own names in the OpenAPI document; what a schema refers to comes before it. */
export const NAMED_SCHEMAS: readonly TSchema[] = [
  REFUSAL,
  ALERT,
  ROOT_CAUSE,
  INCIDENT,
  PROBLEM,
  LEDGER_RECORD,
  CHANGE,
  AGENT,
  ENROLMENT,
  CI,
  RELATION,
  CI_IN_CONTEXT,
  CMDB_IMPORT,
  CMDB_SOURCE,
  CMDB_DRIFT,
  SILENCE,
  MAINTENANCE,
];

/**
 * Every code that a finding about a CMDB file can carry, with what it means; the reference page is made from this table.
 * Errors keep the file from being used; warnings are what an imperfect CMDB has, and the collector works on.
 */
export const CMDB_CODES = {
  CMDB_SYNTAX: "The file is not valid JSON or YAML.",
  CMDB_TOO_LARGE: "The file is larger than limits.cmdbSize.",
  CMDB_FILE_UNREADABLE: "The file cannot be read.",
  CMDB_UNKNOWN_SECTION:
    "A key at the top that is none of vantage, cis, relations, maintenance: its content would be lost.",
  CMDB_UNKNOWN_KEY: "A key in an entry that is not read.",
  CMDB_MISSING_KEY: "An entry lacks something it cannot do without.",
  CMDB_WRONG_TYPE: "A value of another type than the key takes.",
  CMDB_BAD_VALUE: "A value of the right type that is not allowed: criticality 7, a time without zone.",
  CMDB_DUPLICATE_ID: "Two entries of one file have the same id.",
  CMDB_SAME_ID: "Two ids differ in case only, which makes no difference: they are one CI, the first entry counts.",
  CMDB_AMBIGUOUS_NAME: "A name or alias that two configuration items claim: the first keeps it.",
  CMDB_DANGLING: "A relation, window or vantage point names a configuration item that no file declares.",
  CMDB_DUPLICATE_RELATION: "The same relation stands twice.",
  CMDB_SELF_RELATION: "A configuration item that needs itself.",
  CMDB_UNKNOWN_RELATION: "A relation type that is not known; it is read as dependsOn.",
  CMDB_SUSPICIOUS_DIRECTION: "A relation that probably runs the wrong way: `from` needs `to`.",
  CMDB_CONTRADICTION: "Two sources say different things about one configuration item; the first one holds.",
} as const;

export type CmdbCode = keyof typeof CMDB_CODES;

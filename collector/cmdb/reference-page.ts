import { CMDB_CODES } from "./error-codes.ts";

/** The page of what can be wrong with a CMDB file, made from the table of codes. */
export function cmdbPage(): string {
  const rows = Object.entries(CMDB_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return `<!-- Made by \`npm run docs\` from collector/cmdb/error-codes.ts. Do not edit. -->

# Reference: findings about a CMDB

The format is told in [the guide](../guide/cmdb.md). Errors keep a file from being used; what it said before stays.
Warnings are what an imperfect CMDB has: the collector works on.

| code | meaning |
| --- | --- |
${rows.join("\n")}
`;
}

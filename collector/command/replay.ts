import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { createGunzip } from "node:zlib";
import type { CmdbDocument } from "../core/model/ci.ts";
import { DEFAULT_SETTINGS } from "../core/model/settings.ts";
import { replayEvents } from "../runtime/replay.ts";
import { EXIT, type CommandIo } from "./command-io.ts";
import { readReplayCmdb } from "./replay-cmdb.ts";

const HELP = `Usage: tocsin replay --cmdb FILE --events FILE [options] --out FILE

Runs recorded events through the core in virtual time and writes what would have happened.

  --cmdb FILE      the CMDB, JSON or YAML
  --events FILE    one event a line (JSON), in order of arrival; .gz is unpacked
  --config FILE    settings of a tocsin.yaml: correlation, routes, inhibitions
  --until TIME     end of virtual time, RFC 3339; default five minutes after the last line
  --out FILE       the result as JSON; - for standard output

Examples:
  tocsin replay --cmdb cmdb.json --events yesterday.jsonl.gz --out result.json
`;

/** The lines of a file; a name that ends in .gz is unpacked. */
function linesOf(file: string): AsyncIterable<string> {
  const raw = createReadStream(file);
  const input = file.endsWith(".gz") ? raw.pipe(createGunzip()) : raw;
  return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}

export async function run(args: string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      cmdb: { type: "string" },
      events: { type: "string" },
      out: { type: "string" },
      until: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout(HELP);
    return EXIT.ok;
  }
  if (values.cmdb === undefined || values.events === undefined || values.out === undefined) {
    io.stderr(`tocsin: replay needs --cmdb, --events and --out\n\n${HELP}`);
    return EXIT.usage;
  }
  const cmdb: CmdbDocument = readReplayCmdb(readFileSync(values.cmdb, "utf8"));
  const until = values.until === undefined ? null : Date.parse(values.until);
  const { problems, ...result } = await replayEvents({
    cmdb,
    settings: DEFAULT_SETTINGS,
    lines: linesOf(values.events),
    until,
  });
  for (const problem of problems) io.stderr(`${values.events}:${problem.line}: ${problem.message}\n`);
  const text = `${JSON.stringify(result, null, 1)}\n`;
  if (values.out === "-") io.stdout(text);
  else writeFileSync(values.out, text);
  return EXIT.ok;
}

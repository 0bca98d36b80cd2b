import { parseArgs } from "node:util";
import type { Finding } from "../../protocol/finding.ts";
import { type CheckedPath, checkPaths } from "./check-file.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { checkSample, type SampleResult, sampleText } from "./check-sample.ts";
import { complain, EXIT, misuse, type CommandIo } from "./command-io.ts";
import { FILE_KINDS, type FileKind } from "./file-kind.ts";
import { findingsText } from "./findings-text.ts";
import { counted, paint } from "./table.ts";

const HELP = `Usage: tocsin check FILE… [options]

Validates configurations, agents' files, CMDBs, rule packs and their tests, and tells every mistake with its file,
line and column, and what to do. A configuration's CMDB files and rule packs are checked with it.
What a file is, its name and keys show.

  --kind KIND   take every FILE as this: ${FILE_KINDS.join(", ")}
  --strict      warnings count as errors
  --sample F    also show what the message in F would become by a webhook of the configuration
  --webhook N   which one, where there are several; the built-in ones too (zabbix, azure …)
  --json        for machines: { ok, files: [{ path, kind, findings }], sample? }
  -h, --help

Examples:
  tocsin check tocsin.yaml
  tocsin check /etc/tocsin                      every file of the folder that is ours
  tocsin check cmdb.yaml more.json              together, as the collector reads them
  tocsin check rules/packs/linux-host
  tocsin check tocsin.yaml --sample alarm.json  try the mapping of a webhook
  tocsin check --json tocsin.yaml | jq '.files[].findings[]'

Exit codes: 0 nothing is wrong, 1 there are errors, 2 wrong usage.
`;

interface Flags {
  paths: string[];
  kind: FileKind | undefined;
  strict: boolean;
  json: boolean;
  sample: string | undefined;
  webhook: string | undefined;
}

function readFlags(args: string[], io: CommandIo): Flags | number {
  const wrong = (message: string): number => misuse(io, message, HELP);
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        kind: { type: "string" },
        sample: { type: "string" },
        webhook: { type: "string" },
        strict: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(HELP);
      return EXIT.ok;
    }
    const kind = FILE_KINDS.find((known) => known === values.kind);
    if (values.kind !== undefined && kind === undefined)
      return wrong(`--kind is one of ${FILE_KINDS.join(", ")}, not "${values.kind}"`);
    if (positionals.length === 0) return wrong("check what? Name a file or a folder");
    const { strict, json, sample, webhook } = values;
    return { paths: positionals, kind, strict, json, sample, webhook };
  } catch (error) {
    return wrong((error as Error).message);
  }
}

const ofSeverity = (findings: readonly Finding[], severity: Finding["severity"]): number =>
  findings.filter((finding) => finding.severity === severity).length;

/** One line for each file that is fine, and the count of what is wrong. */
function summary(checked: readonly CheckedPath[], isTerminal: boolean): string {
  const findings = checked.flatMap((one) => one.findings);
  const fine = checked
    .filter((one) => one.findings.length === 0)
    .map(({ path, kind, hint }) =>
      kind === "other"
        ? `${path}: left out, nothing in it is ours\n`
        : `${path}: ${paint("fine", "green", isTerminal)} (${kind})${hint === undefined ? "" : `; ${hint}`}\n`,
    );
  const [errors, warnings] = [ofSeverity(findings, "error"), ofSeverity(findings, "warning")];
  const total = errors + warnings === 0 ? "" : `${counted(errors, "error")}, ${counted(warnings, "warning")}\n`;
  return `${fine.join("")}${total}`;
}

/** `tocsin check FILE…`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const flags = readFlags(args, io);
  if (typeof flags === "number") return flags;
  const checked = await checkPaths(flags.paths, flags.kind);
  const findings = checked.flatMap((one) => one.findings);
  const ok = ofSeverity(findings, "error") === 0 && (!flags.strict || findings.length === 0);
  const sample = flags.sample === undefined || !ok ? undefined : sampled(flags, flags.sample, io);
  if (sample?.status === "failed") return EXIT.failed;
  const report = sample?.status === "mapped" ? sample.report : undefined;
  if (flags.json) io.stdout(`${JSON.stringify({ ok, files: checked, sample: report }, null, 2)}\n`);
  else {
    io.stdout(`${findingsText(findings, io.isTerminal)}${summary(checked, io.isTerminal)}`);
    if (report !== undefined) io.stdout(`\n${sampleText(report)}`);
  }
  return ok ? EXIT.ok : EXIT.failed;
}

function sampled(flags: Flags, file: string, io: CommandIo): SampleResult {
  const result = checkSample(flags.paths[0], file, flags.webhook, systemClock.now());
  if (result.status === "failed") complain(io, EXIT.failed, { code: "badSample", message: result.message });
  return result;
}

import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { type Finding, hasErrors, sortFindings } from "../../protocol/finding.ts";
import type { PackTest } from "../../rules/language/pack-test.ts";
import { parsePackTests } from "../../rules/language/parse-pack-test.ts";
import { runPackTest } from "../../rules/language/run-pack-test.ts";
import { EXIT, misuse, type CommandIo } from "./command-io.ts";
import { findingsText } from "./findings-text.ts";
import { finding, type LoadedPack, loadPacks, readText } from "../composition/load-packs.ts";
import { counted, paint, printable } from "./table.ts";

const HELP = `Usage: tocsin rules test [DIR…] [--json]

Runs the tests that rule packs bring with them. DIR is a pack's folder or a folder of packs; without it, the packs
that come with Tocsin. A pack is refused when a rule has no test or no runbook.

Examples:
  tocsin rules test
  tocsin rules test rules/packs/linux-host
  tocsin rules test --json my-packs | jq '.packs[].tests[] | select(.passed | not)'

Exit codes: 0 all passed, 1 something is wrong, 2 wrong usage.
`;

interface TestResult {
  rule: string;
  name: string;
  file: string;
  line: number;
  passed: boolean;
  differences: string[];
}

interface PackResult {
  pack: string;
  version: string;
  rules: number;
  tests: TestResult[];
  findings: Finding[];
}

/** `tocsin rules test [DIR…]`. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === "string") {
    return misuse(io, `rules: ${parsed}. See tocsin rules --help`);
  }
  if (parsed.help) {
    io.stdout(HELP);
    return EXIT.ok;
  }
  const loaded = await loadPacks(parsed.folders);
  const results: PackResult[] = [];
  for (const pack of loaded.packs) results.push(await testPack(pack));
  const findings = sortFindings([...loaded.findings, ...results.flatMap((result) => result.findings)]);
  const failed = results.flatMap((result) => result.tests).filter((test) => !test.passed).length;
  if (parsed.json) {
    io.stdout(
      `${JSON.stringify({ packs: results, findings, passed: failed === 0 && !hasErrors(findings) }, null, 2)}\n`,
    );
  } else {
    io.stdout(report(results, findings, failed, io.isTerminal));
  }
  return failed === 0 && !hasErrors(findings) ? EXIT.ok : EXIT.failed;
}

function parse(args: string[]): { folders: string[]; json: boolean; help: boolean } | string {
  let values: { json?: boolean; help?: boolean };
  let positionals: string[];
  try {
    ({ values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const [verb, ...folders] = positionals;
  const help = values.help === true;
  if (verb !== "test" && !help) return verb === undefined ? 'say what to do: "test"' : `there is no "rules ${verb}"`;
  const own = join(import.meta.dirname, "../../rules/packs");
  return { folders: folders.length === 0 ? [own] : folders, json: values.json === true, help };
}

async function testPack(loaded: LoadedPack): Promise<PackResult> {
  const { pack, folder, file } = loaded;
  const findings: Finding[] = [];
  if (basename(folder) !== pack.name) {
    findings.push(
      finding(
        file,
        "RULE_PACK_NAME",
        `the pack ${JSON.stringify(pack.name)} stands in the folder ${JSON.stringify(basename(folder))}`,
        "give both the same name",
      ),
    );
  }
  const testFile = join(folder, "pack.test.yaml");
  const isThere = (await stat(testFile).catch(() => undefined)) !== undefined;
  const text = isThere ? await readText(testFile) : "";
  const parsed =
    typeof text !== "string"
      ? { tests: undefined, findings: [text] }
      : isThere
        ? parsePackTests(text, testFile)
        : { tests: [], findings: [] };
  findings.push(...parsed.findings, ...(await runbookFindings(loaded)));
  const packTests = parsed.tests ?? [];
  if (parsed.tests !== undefined) findings.push(...untested(loaded, packTests));
  const tests = packTests.map((test) => {
    const differences = runPackTest(pack, test);
    return {
      rule: test.rule,
      name: test.name,
      file: testFile,
      line: test.line,
      passed: differences.length === 0,
      differences,
    };
  });
  return { pack: pack.name, version: pack.version, rules: pack.rules.length, tests, findings };
}

function untested({ pack, file }: LoadedPack, tests: readonly PackTest[]): Finding[] {
  return pack.rules
    .filter((rule) => !tests.some((test) => test.rule === rule.name))
    .map((rule) =>
      finding(
        file,
        "RULE_NO_TEST",
        `rule ${JSON.stringify(rule.name)} has no test`,
        tests.length === 0
          ? "write pack.test.yaml beside the pack, with one for each rule"
          : "add one to pack.test.yaml",
      ),
    );
}

async function runbookFindings({ pack, folder, file }: LoadedPack): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const rule of pack.rules) {
    if (rule.runbook.startsWith("http")) continue;
    const runbook = join(folder, "runbook", `${rule.name}.md`);
    const found = await stat(runbook).catch(() => undefined);
    if (found === undefined || found.size < 40) {
      findings.push(
        finding(
          file,
          "RULE_NO_RUNBOOK",
          `rule ${JSON.stringify(rule.name)} has no runbook`,
          `write runbook/${rule.name}.md: what it means, who is hit, what to look at, what to do`,
        ),
      );
    }
  }
  const names = await readdir(join(folder, "runbook")).catch((): string[] => []);
  for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
    if (pack.rules.some((rule) => `${rule.name}.md` === name)) continue;
    findings.push({
      ...finding(join(folder, "runbook", name), "RULE_STRAY_RUNBOOK", "a runbook of no rule", "rename or remove it"),
      severity: "warning",
    });
  }
  return findings;
}

function report(
  results: readonly PackResult[],
  findings: readonly Finding[],
  failed: number,
  isTerminal: boolean,
): string {
  const lines: string[] = [];
  for (const { pack, version, rules, tests, findings: own } of results) {
    const bad = tests.filter((test) => !test.passed);
    const isSound = bad.length === 0 && !hasErrors(own);
    const mark = isSound ? paint("ok  ", "green", isTerminal) : paint("FAIL", "red", isTerminal);
    lines.push(
      `${mark} ${pack} ${version}: ${counted(rules, "rule")}, ${counted(tests.length, "test")}${bad.length === 0 ? "" : `, ${bad.length} failed`}`,
    );
    for (const test of bad) {
      lines.push(`     ${paint(test.rule, "bold", isTerminal)} ${printable(test.name)}  (${test.file}:${test.line})`);
      for (const difference of test.differences) lines.push(`       ${printable(difference)}`);
    }
  }
  if (findings.length > 0) lines.push(findingsText(findings, isTerminal).trimEnd());
  const tests = results.reduce((sum, result) => sum + result.tests.length, 0);
  const errors = findings.filter((found) => found.severity === "error").length;
  const summary =
    failed === 0 && errors === 0 ? "all passed" : `${counted(failed, "test")} failed, ${counted(errors, "error")}`;
  lines.push(`${counted(results.length, "pack")}, ${counted(tests, "test")}: ${summary}`, "");
  return lines.join("\n");
}

import { existsSync, readFileSync } from "node:fs";

/** Adds up what the test runs reported and closes with one plain line; no test at all is a failure. */
let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of process.argv.slice(2).filter((path) => existsSync(path))) {
  const report = JSON.parse(readFileSync(file, "utf8")) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
  };
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests;
}
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
process.exitCode = passed === 0 || failed > 0 ? 1 : 0;

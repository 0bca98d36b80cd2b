import { expect, test } from "vitest";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { programName } from "./process-table.ts";

test.each([
  ["a program", "nginx", ["nginx: master process"], "nginx"],
  ["Node, which names its thread", "MainThread", ["/usr/bin/node", "/srv/shop/checkout.mjs"], "checkout"],
  ["behind options", "MainThread", ["node", "--max-old-space-size=64", "-r", "./trace.js", "/srv/api.js"], "api"],
  ["Node with nothing that has a name", "MainThread", ["/opt/node24/bin/node", "-e", "setInterval(f, 9)"], "node"],
  ["Python's module", "python3.11", ["python3", "-u", "-m", "http.server", "8000"], "http.server"],
  ["Python's text", "python3", ["python3", "-c", "import this"], "python3"],
  ["a shell without a script", "bash", ["-bash"], "bash"],
  ["a file that every project has", "MainThread", ["node", "/srv/shop/dist/main.js"], "shop"],
  ["it in no project's folder", "python3", ["python3", "/opt/app/server.py"], "server"],
  ["it without a folder", "MainThread", ["node", "index.js"], "index"],
  [
    "our collector",
    "MainThread",
    ["node", "--disable-proto=delete", "/opt/t/collector/command/main.ts", "up"],
    "tocsin",
  ],
  ["our agent", "MainThread", ["node", "/usr/lib/t/agent/main.ts"], "tocsin-agent"],
  ["our agent as one file", "MainThread", ["node", "/usr/lib/t/dist/agent.cjs"], "tocsin-agent"],
  ["a script", "perl", ["/usr/bin/perl", "-w", "/usr/sbin/backup.pl", "daily"], "backup"],
])("what a process is called: %s", (_, comm, words, expected) => {
  const files = new RecordedHostFiles({ "/proc/7/cmdline": `${words.join("\u0000")}\u0000` });
  expect(programName(files, "7", comm)).toBe(expected);
});

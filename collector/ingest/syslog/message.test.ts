import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readSyslog, type SyslogMessage } from "./message.ts";

const NOW = Date.parse("2026-03-01T10:00:00Z");
const at = (time: string): number => Date.parse(`2026-03-01T${time}Z`);

test.for<[situation: string, text: string, expected: Partial<SyslogMessage>]>([
  [
    "RFC 5424, example 1",
    "<34>1 2026-03-01T09:59:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8",
    {
      facility: 4,
      severity: 2,
      at: at("09:59:15.003"),
      host: "mymachine.example.com",
      app: "su",
      procId: undefined,
      msgId: "ID47",
      data: {},
      text: "'su root' failed for lonvick on /dev/pts/8",
    },
  ],
  [
    "RFC 5424, structured data with escapes",
    '<165>1 2026-03-01T10:59:00.000003+01:00 192.0.2.1 myproc 8710 - [exampleSDID@32473 iut="3" event="a \\"b\\" \\] \\\\ c"][x@1 y=""] the text',
    {
      facility: 20,
      severity: 5,
      at: at("09:59:00"),
      host: "192.0.2.1",
      app: "myproc",
      procId: "8710",
      data: { "exampleSDID@32473": { iut: "3", event: 'a "b" ] \\ c' }, "x@1": { y: "" } },
      text: "the text",
    },
  ],
  ["RFC 5424, nothing but nils", "<13>1 - - - - - -", { host: undefined, app: undefined, at: undefined, text: "" }],
  [
    "RFC 5424, data that ends nowhere stays text",
    '<13>1 - h a - - [x y="',
    { host: "h", app: "a", data: {}, text: '[x y="' },
  ],
  [
    "RFC 3164",
    "<34>Mar  1 09:59:15 mymachine su[231]: 'su root' failed",
    {
      facility: 4,
      severity: 2,
      at: at("09:59:15"),
      host: "mymachine",
      app: "su",
      procId: "231",
      text: "'su root' failed",
    },
  ],
  [
    "RFC 3164 without priority",
    "Mar  1 09:59:15 h cron: x",
    { facility: 1, severity: 5, host: "h", app: "cron", text: "x" },
  ],
  ["December in the first days of the year", "<13>Dec 31 23:59:59 h a: x", { at: Date.parse("2025-12-31T23:59:59Z") }],
  [
    "an ISO time in the old form",
    "<13>2026-03-01T09:59:00.5+00:00 h a[1]: x",
    { at: at("09:59:00.5"), host: "h", app: "a", text: "x" },
  ],
  ["no host", "<13>Mar  1 09:59:15 su: x", { host: undefined, app: "su", text: "x" }],
  ["no time", "<13>su[9]: x y", { host: undefined, at: undefined, app: "su", procId: "9", text: "x y" }],
  ["only text", "<13>just words here", { host: undefined, app: undefined, text: "just words here" }],
  [
    "Cisco with sequence, time and year",
    "<189>42: *Mar  1 2026 09:59:15.123: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down",
    {
      facility: 23,
      severity: 5,
      at: at("09:59:15.123"),
      host: undefined,
      app: undefined,
      text: "%LINK-3-UPDOWN: Interface Gi0/1, changed state to down",
    },
  ],
  [
    "Cisco with its name before the time",
    "<189>sw-r3: *Mar  1 09:59:15.123 UTC: %SYS-5-CONFIG_I: Configured from console",
    { at: at("09:59:15.123"), host: "sw-r3", text: "%SYS-5-CONFIG_I: Configured from console" },
  ],
  [
    "Cisco with a number and its name before the time",
    "<189>40: sw-r3: Mar  1 09:59:15.123: %SYS-5-CONFIG_I: Configured from console",
    { at: at("09:59:15.123"), host: "sw-r3", text: "%SYS-5-CONFIG_I: Configured from console" },
  ],
  [
    "Cisco with a counter of messages and a sequence number",
    "<189>61: 000065: *Mar  1 09:59:15.123: %SYS-5-CONFIG_I: Configured from console",
    { at: at("09:59:15.123"), host: undefined, text: "%SYS-5-CONFIG_I: Configured from console" },
  ],
  ["an impossible priority", "<999>x", { facility: 1, severity: 5, text: "x" }],
  ["a priority that ends nowhere", "<13 x", { text: "<13 x" }],
  ["nothing", "", { text: "" }],
])("%s", ([, text, expected]) => {
  expect(readSyslog(text, NOW)).toMatchObject(expected);
});

test("any text is read", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.string().map((text) => `<13>1 ${text}`),
      ),
      (text) => {
        const message = readSyslog(text, NOW);
        expect(message.severity).toBeLessThanOrEqual(7);
      },
    ),
    { numRuns: 500 },
  );
});

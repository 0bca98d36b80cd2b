import type { LogRule } from "../log-pattern.ts";
import { NETWORK_RULES } from "./network-rules.ts";
import { pair } from "./rule-pair.ts";

const MINUTES = 60_000;
const CLEAR_LINK = ["up"];

/** Linux: the kernel, systemd and what runs on many hosts. */
const LINUX: readonly LogRule[] = [
  {
    check: "link-down",
    app: "kernel",
    pattern: "\\b(?P<instance>[a-z][\\w.-]*):? (?:NIC |\\w+: )?[Ll]ink (?:is )?(?P<state>[Uu]p|[Dd]own)\\b",
    contains: ["ink is ", "ink Down", "ink Up", "ink up", "ink down"],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
  {
    check: "link-down",
    app: "kernel",
    pattern: "link status (?:definitely )?(?P<state>up|down) for interface (?P<instance>[\\w.-]+)",
    contains: ["link status "],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
  {
    check: "out-of-memory",
    app: "kernel",
    pattern: "[Oo]ut of memory: Kill(?:ed)? process \\d+ \\((?P<instance>[^)]+)\\)",
    contains: ["ut of memory:"],
    status: "firing",
    severity: "critical",
    expiresAfterMs: 30 * MINUTES,
  },
  {
    check: "disk-error",
    app: "kernel",
    pattern: "(?:I/O error|critical (?:medium|target) error),? .*dev(?:ice)? (?P<instance>[\\w-]+)",
    contains: ["I/O error", "medium error", "target error"],
    status: "firing",
    severity: "critical",
    expiresAfterMs: 60 * MINUTES,
  },
  {
    check: "file-system-error",
    app: "kernel",
    pattern: "EXT4-fs error \\(device (?P<instance>[^)]+)\\)",
    contains: ["EXT4-fs error"],
    status: "firing",
    severity: "critical",
    expiresAfterMs: 60 * MINUTES,
  },
  {
    check: "file-system-error",
    app: "kernel",
    pattern: "XFS \\((?P<instance>[^)]+)\\): .*(?:[Cc]orruption|shutdown)",
    contains: ["XFS ("],
    status: "firing",
    severity: "critical",
    expiresAfterMs: 60 * MINUTES,
  },
  {
    check: "read-only-file-system",
    app: "kernel",
    pattern: "\\((?P<instance>[\\w-]+)\\): Remounting filesystem read-only",
    contains: ["Remounting filesystem read-only"],
    status: "firing",
    severity: "critical",
    expiresAfterMs: 60 * MINUTES,
  },
  {
    check: "hung-task",
    app: "kernel",
    pattern: "task (?P<instance>[^:\\s]+):\\d+ blocked for more than \\d+ seconds",
    contains: ["blocked for more than"],
    status: "firing",
    severity: "major",
    expiresAfterMs: 15 * MINUTES,
  },
  ...pair(
    {
      check: "unit-failed",
      app: "systemd",
      contains: ["Failed with result", "entered failed state", "Started ", "Finished "],
      severity: "major",
    },
    "^(?P<instance>[\\w@.\\\\:-]+\\.(?:service|mount|socket|timer)): (?:Failed with result|.*entered failed state)",
    "^(?:Started|Finished) (?P<instance>[\\w@.\\\\:-]+\\.(?:service|mount|socket|timer))",
  ),
  ...pair(
    { check: "raid-degraded", contains: ["Fail event detected", "SpareActive event detected"], severity: "critical" },
    "Fail event detected on md device /dev/(?P<instance>[\\w/-]+)",
    "SpareActive event detected on md device /dev/(?P<instance>[\\w/-]+)",
  ),
  {
    check: "raid-degraded",
    app: "kernel",
    pattern: "md/raid[^:]*:(?P<instance>md\\w+): Disk failure on (?P<disk>\\w+)",
    contains: ["Disk failure on"],
    status: "firing",
    severity: "critical",
  },
  {
    // smartd says it again with each of its looks, every half hour.
    check: "disk-smart",
    app: "smartd",
    pattern:
      "Device: (?P<instance>/dev/\\S+) .*(?:FAILED SMART self-check|[Uu]nreadable \\(pending\\)|[Oo]ffline uncorrectable)",
    contains: ["Device: /dev/"],
    status: "firing",
    severity: "major",
    expiresAfterMs: 120 * MINUTES,
  },
];

/** Load balancers and clusters. */
const SERVICES: readonly LogRule[] = [
  {
    check: "backend-down",
    app: "haproxy",
    pattern: "Server (?P<instance>\\S+/\\S+) is (?P<state>UP|DOWN)",
    contains: ["Server "],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
  {
    check: "backend-empty",
    app: "haproxy",
    pattern: "backend (?P<instance>\\S+) has no server available",
    contains: ["has no server available"],
    status: "firing",
    severity: "critical",
    expiresAfterMs: 15 * MINUTES,
  },
  {
    check: "vrrp-state",
    app: "Keepalived_vrrp",
    pattern: "\\((?P<instance>[^)]+)\\) Entering (?P<state>MASTER|BACKUP|FAULT) STATE",
    contains: ["Entering "],
    status: "firing",
    clearStates: ["master", "backup"],
    severity: "major",
  },
];

/** What is understood without any configuration. Rules of the configuration are tried before these. */
export const DEFAULT_RULES: readonly LogRule[] = [...NETWORK_RULES, ...LINUX, ...SERVICES];

import type { LogRule } from "../log-pattern.ts";

const MINUTES = 60_000;
const CLEAR_LINK = ["up"];
const CLEAR_BGP = ["up", "established"];

/** Two rules for a pair of messages that say the same thing in two ways. */
const pair = (rule: Omit<LogRule, "status" | "pattern">, raise: string, clear: string): LogRule[] => [
  { ...rule, pattern: raise, status: "firing" },
  { ...rule, pattern: clear, status: "resolved" },
];

/** Network devices: Cisco IOS, IOS XE, NX-OS and IOS XR, Arista EOS (the same words), Juniper Junos. */
const NETWORK: readonly LogRule[] = [
  {
    check: "link-down",
    pattern:
      "%(?:LINK-\\d-UPDOWN|PKT_INFRA-LINK-\\d-UPDOWN): Interface (?P<instance>[^, ]+), changed state to (?P<state>\\w+)",
    contains: ["-UPDOWN"],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
  {
    check: "line-protocol-down",
    pattern: "%LINEPROTO-\\d-UPDOWN: Line protocol on Interface (?P<instance>[^, ]+), changed state to (?P<state>\\w+)",
    contains: ["%LINEPROTO-"],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
  ...pair(
    { check: "link-down", contains: ["%ETHPORT-5-IF_"], severity: "major" },
    "%ETHPORT-5-IF_DOWN_\\w+: .*Interface (?P<instance>[^, ]+) is down",
    "%ETHPORT-5-IF_UP: .*Interface (?P<instance>[^, ]+) is up",
  ),
  {
    check: "bgp-neighbour-down",
    pattern:
      "%(?:BGP-\\d-ADJCHANGE|ROUTING-BGP-\\d-ADJCHANGE|BGP-\\d-ADJ).*?: neighbor (?P<instance>[0-9A-Fa-f:.]+).*? (?P<state>Up|Down)\\b",
    contains: ["ADJ"],
    status: "firing",
    clearStates: CLEAR_BGP,
    severity: "major",
  },
  {
    check: "ospf-neighbour-down",
    pattern:
      "%(?:OSPF|OSPFV3|ROUTING-OSPF)-\\d-ADJCHG: .*?Nbr (?P<instance>[0-9A-Fa-f:.]+) on (?P<interface>\\S+) from \\w+ to (?P<state>\\w+)",
    contains: ["ADJCHG"],
    status: "firing",
    // Between down and full it is on its way; only full carries traffic.
    clearStates: ["full"],
    severity: "major",
  },
  {
    check: "hsrp-state",
    pattern: "%HSRP-\\d-STATECHANGE: (?P<instance>\\S+ Grp \\d+) state \\w+ -> (?P<state>\\w+)",
    contains: ["%HSRP-"],
    status: "firing",
    clearStates: ["active", "standby"],
    severity: "warning",
  },
  ...pair(
    { check: "link-down", contains: ["SNMP_TRAP_LINK_"], severity: "major" },
    "SNMP_TRAP_LINK_DOWN: .*ifName (?P<instance>\\S+)",
    "SNMP_TRAP_LINK_UP: .*ifName (?P<instance>\\S+)",
  ),
  {
    check: "bgp-neighbour-down",
    pattern:
      "RPD_BGP_NEIGHBOR_STATE_CHANGED: BGP peer (?P<instance>[0-9A-Fa-f:.]+) .*changed state from \\w+ to (?P<state>\\w+)",
    contains: ["RPD_BGP_NEIGHBOR_STATE_CHANGED"],
    status: "firing",
    clearStates: CLEAR_BGP,
    severity: "major",
  },
  ...pair(
    { check: "power-supply", contains: ["%PLATFORM_ENV-1-FRU_PS", "%ENVMON-", "%PLATFORM-"], severity: "major" },
    "(?i)%(?:PLATFORM_ENV-1-FRU_PS_FAIL|ENVMON-\\d-RPSFAILED|PLATFORM-\\d-PS_FAIL)\\S*: (?:.*(?P<instance>power supply \\S+))?",
    "(?i)%(?:PLATFORM_ENV-6-FRU_PS_OK|PLATFORM-\\d-PS_OK)\\S*: (?:.*(?P<instance>power supply \\S+))?",
  ),
  {
    check: "configuration",
    pattern: "%SYS-5-CONFIG_I: Configured from (?P<from>\\S+)(?: by (?P<actor>\\S+))?",
    contains: ["%SYS-5-CONFIG_I"],
    status: "firing",
    kind: "change",
  },
  {
    check: "configuration",
    pattern: "UI_COMMIT: User '(?P<actor>[^']+)'",
    contains: ["UI_COMMIT:"],
    status: "firing",
    kind: "change",
  },
  {
    check: "restart",
    pattern: "%SYS-5-RESTART",
    contains: ["%SYS-5-RESTART"],
    status: "firing",
    kind: "change",
  },
];

/** Linux: the kernel, systemd and what runs on many hosts. */
const LINUX: readonly LogRule[] = [
  {
    check: "link-down",
    app: "kernel",
    pattern:
      "(?P<instance>(?:eth|en|wl|bond|team|br)[\\w.-]*):? (?:NIC |\\w+: )?[Ll]ink (?:is )?(?P<state>[Uu]p|[Dd]own)",
    contains: ["ink is ", "ink Down", "ink Up", "ink up", "ink down"],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
  {
    check: "out-of-memory",
    app: "kernel",
    pattern: "Out of memory: Kill(?:ed)? process \\d+ \\((?P<instance>[^)]+)\\)",
    contains: ["Out of memory:"],
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
    pattern:
      "(?:EXT4-fs error \\(device (?P<instance>[^)]+)\\)|XFS \\((?P<device>[^)]+)\\): .*(?:[Cc]orruption|shutdown))",
    contains: ["EXT4-fs error", "XFS ("],
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
  {
    check: "raid-degraded",
    pattern: "(?:Fail event detected on md device|md/raid\\S*: Disk failure on) (?P<instance>[\\w/-]+)",
    contains: ["Fail event detected", "Disk failure on"],
    status: "firing",
    severity: "critical",
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
export const DEFAULT_RULES: readonly LogRule[] = [...NETWORK, ...LINUX, ...SERVICES];

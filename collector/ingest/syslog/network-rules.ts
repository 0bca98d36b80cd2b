import type { LogRule } from "../log-pattern.ts";
import { pair } from "./rule-pair.ts";

const CLEAR_LINK = ["up"];
const CLEAR_BGP = ["up", "established"];

/** A port and its standing, in the words of one maker each. */
const portRule = (contains: string, pattern: string): LogRule => ({
  check: "link-down",
  pattern,
  contains: [contains],
  status: "firing",
  clearStates: ["up", "on-line"],
  severity: "major",
});

/** FortiGate, Palo Alto, HP ProCurve and Aruba, Huawei, H3C and Comware, MikroTik; F5's pools, ESXi's paths. */
const OTHER_PORTS: readonly LogRule[] = [
  portRule("Link monitor: Interface", "Link monitor: Interface (?P<instance>\\S+) was turned (?P<state>up|down)"),
  portRule(",link-change,", "Port (?P<instance>[^: ]+): (?P<state>Up|Down)\\b"),
  portRule(" is now o", "ports?: port (?P<instance>\\S+) is now (?P<state>on-line|off-line)"),
  portRule("has turned into ", "IF_STATE.*Interface (?P<instance>\\S+) has turned into (?P<state>UP|DOWN) state"),
  portRule("UPDOWN: ", "PHY_UPDOWN: Physical state on the interface (?P<instance>\\S+) changed to (?P<state>\\w+)"),
  portRule("interface,info", "interface,info (?P<instance>\\S+) link (?P<state>up|down)"),
  portRule("vob.net.vmnic.linkstate.", "vmnic (?P<instance>\\S+) linkstate (?P<state>up|down)"),
  ...pair(
    { check: "storage-path-down", contains: ["storage.connectivity."], severity: "critical" },
    "Lost connectivity to storage device (?P<instance>[^. ]+\\.[^. ]+|[^. ]+)",
    "Connectivity to storage device (?P<instance>[^. ]+\\.[^. ]+|[^. ]+).*restored",
  ),
  {
    check: "backend-down",
    pattern: "Pool (?P<instance>\\S+ member \\S+) monitor status (?P<state>up|down)\\b",
    contains: [" monitor status "],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
];

/** Cisco IOS, IOS XE, NX-OS and IOS XR, Arista EOS, Juniper Junos; then what others say of their ports and pools. */
export const NETWORK_RULES: readonly LogRule[] = [
  {
    check: "link-down",
    pattern:
      "%(?:PKT_INFRA-)?LINK-\\d-UPDOWN ?: Interface (?P<instance>[^, ]+)(?: \\([^)]*\\))?, changed state to (?P<state>\\w+)",
    contains: ["-UPDOWN"],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
  {
    check: "line-protocol-down",
    pattern:
      "%(?:PKT_INFRA-)?LINEPROTO-\\d-UPDOWN ?: Line protocol on Interface (?P<instance>[^, ]+)(?: \\([^)]*\\))?, changed state to (?P<state>\\w+)",
    contains: ["LINEPROTO-"],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
  {
    // Somebody shut it, or it was never in use: what happened, not what is wrong.
    check: "port-shut",
    pattern:
      "%(?:ETHPORT-5-IF_DOWN_(?:\\w*ADMIN_DOWN|CFG_CHANGE|INITIALIZING|NONE)|LINK-5-CHANGED): .*Interface (?P<instance>[^, ]+)(?: is down|, changed state to administratively down)",
    contains: ["%ETHPORT-5-IF_DOWN_", "%LINK-5-CHANGED"],
    status: "firing",
    kind: "change",
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
    // Arista EOS.
    check: "bgp-neighbour-down",
    pattern: "%BGP-\\d-ADJCHANGE: peer (?P<instance>[0-9A-Fa-f:.]+) .*new state (?P<state>\\w+)",
    contains: ["-ADJCHANGE: peer"],
    status: "firing",
    clearStates: CLEAR_BGP,
    severity: "major",
  },
  {
    check: "eigrp-neighbour-down",
    pattern:
      "%DUAL-\\d-NBRCHANGE: .*Neighbor (?P<instance>[0-9A-Fa-f:.]+) \\((?P<interface>[^)]+)\\) is (?P<state>\\w+)",
    contains: ["%DUAL-"],
    status: "firing",
    clearStates: CLEAR_LINK,
    severity: "major",
  },
  {
    check: "isis-neighbour-down",
    pattern:
      "%(?:CLNS|ROUTING-ISIS|ISIS)-\\d-ADJCHANGE ?: .*?Adjacency to (?P<instance>\\S+) \\((?P<interface>[^)]+)\\).*? (?P<state>Up|Down)\\b",
    contains: ["ADJCHANGE"],
    status: "firing",
    clearStates: CLEAR_LINK,
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
    { check: "ospf-neighbour-down", contains: ["RPD_OSPF_NBR"], severity: "major" },
    "RPD_OSPF_NBRDOWN: OSPF neighbor (?P<instance>[0-9A-Fa-f:.]+)",
    "RPD_OSPF_NBRUP: OSPF neighbor (?P<instance>[0-9A-Fa-f:.]+)",
  ),
  ...pair(
    { check: "chassis-alarm", contains: ["Alarm set: ", "Alarm cleared: "], severity: "major" },
    "Alarm set: .*reason=(?P<instance>.+)",
    "Alarm cleared: .*reason=(?P<instance>.+)",
  ),
  ...pair(
    { check: "port-disabled", contains: ["%PM-4-ERR_"], severity: "major" },
    "%PM-4-ERR_DISABLE: (?P<cause>\\S+) error detected on (?P<instance>[^, ]+)",
    "%PM-4-ERR_RECOVER: .* on (?P<instance>[^, ]+)",
  ),
  ...pair(
    { check: "stack-member-down", contains: ["%STACKMGR-"], severity: "major" },
    "%STACKMGR-\\d-SWITCH_REMOVED: (?P<instance>Switch \\d+)",
    "%STACKMGR-\\d-SWITCH_ADDED: (?P<instance>Switch \\d+)",
  ),
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
  ...OTHER_PORTS,
];

import type { Severity } from "../../core/model/severity.ts";
import type { TrapRule } from "./trap-rule.ts";

const MINUTES = 60_000;

/** IF-MIB and IF-MIB's extension. Names first: an index says nothing to people and may change with a restart. */
const IF = "1.3.6.1.2.1.2.2.1";
const IF_X = "1.3.6.1.2.1.31.1.1.1";
const INTERFACE = [`${IF_X}.1`, `${IF}.2`, "1.3.6.1.4.1.9.2.2.1.1.1", `${IF}.1`, `index ${IF}.1`];
const ALIAS = { alias: `${IF_X}.18` };

const raise = (
  oid: string,
  name: string,
  check: string,
  severity: Severity,
  more: Partial<TrapRule> = {},
): TrapRule => ({
  oid,
  name,
  check,
  severity,
  status: "firing",
  ...more,
});
const clear = (oid: string, name: string, check: string, more: Partial<TrapRule> = {}): TrapRule => ({
  oid,
  name,
  check,
  severity: "info",
  status: "resolved",
  ...more,
});
const change = (oid: string, name: string, check: string, more: Partial<TrapRule> = {}): TrapRule => ({
  oid,
  name,
  check,
  severity: "info",
  status: "firing",
  kind: "change",
  ...more,
});

/** SNMPv2-MIB, IF-MIB. */
const STANDARD = "1.3.6.1.6.3.1.1.5";
const GENERAL: readonly TrapRule[] = [
  change(`${STANDARD}.1`, "coldStart", "restart"),
  change(`${STANDARD}.2`, "warmStart", "restart"),
  raise(`${STANDARD}.3`, "linkDown", "link-down", "major", {
    instance: INTERFACE,
    details: ALIAS,
    // ifAdminStatus down: somebody shut it.
    deed: { column: `${IF}.7`, value: "2" },
  }),
  clear(`${STANDARD}.4`, "linkUp", "link-down", { instance: INTERFACE, details: ALIAS }),
  raise(`${STANDARD}.5`, "authenticationFailure", "snmp-authentication", "warning", { expiresAfterMs: 15 * MINUTES }),
  raise(`${STANDARD}.6`, "egpNeighborLoss", "egp-neighbour-down", "major", { expiresAfterMs: 60 * MINUTES }),
];

/** BGP4-MIB (both registrations), OSPF-TRAP-MIB, BRIDGE-MIB, RMON-MIB, VRRP-MIB, UPS-MIB, LLDP-MIB, ENTITY-MIB, DISMAN-EVENT-MIB. */
const BGP_PEER = ["index 1.3.6.1.2.1.15.3.1.14", "index 1.3.6.1.2.1.15.3.1.2", "1.3.6.1.2.1.15.3.1.7"];
const OSPF_NEIGHBOUR = ["1.3.6.1.2.1.14.10.1.3", "1.3.6.1.2.1.14.10.1.1"];
const ALARM = ["index 1.3.6.1.2.1.16.3.1.1.1", "1.3.6.1.2.1.16.3.1.1.1"];
const TRIGGER = ["1.3.6.1.2.1.88.2.1.1"];
const PROTOCOLS: readonly TrapRule[] = [
  clear("1.3.6.1.2.1.15.7.1", "bgpEstablished", "bgp-neighbour-down", { instance: BGP_PEER }),
  raise("1.3.6.1.2.1.15.7.2", "bgpBackwardTransition", "bgp-neighbour-down", "major", { instance: BGP_PEER }),
  clear("1.3.6.1.2.1.15.0.1", "bgpEstablishedNotification", "bgp-neighbour-down", { instance: BGP_PEER }),
  raise("1.3.6.1.2.1.15.0.2", "bgpBackwardTransNotification", "bgp-neighbour-down", "major", { instance: BGP_PEER }),
  raise("1.3.6.1.2.1.14.16.2.2", "ospfNbrStateChange", "ospf-neighbour-down", "major", {
    instance: OSPF_NEIGHBOUR,
    // 4 two-way between routers that are not designated, 8 full.
    state: { column: "1.3.6.1.2.1.14.10.1.6", clear: ["4", "8"] },
  }),
  raise("1.3.6.1.2.1.17.0.1", "newRoot", "spanning-tree-root", "warning", { expiresAfterMs: 15 * MINUTES }),
  raise("1.3.6.1.2.1.17.0.2", "topologyChange", "spanning-tree-change", "info", { expiresAfterMs: 5 * MINUTES }),
  raise("1.3.6.1.2.1.16.0.1", "risingAlarm", "rmon-threshold", "warning", { instance: ALARM }),
  clear("1.3.6.1.2.1.16.0.2", "fallingAlarm", "rmon-threshold", { instance: ALARM }),
  raise("1.3.6.1.2.1.68.0.1", "vrrpTrapNewMaster", "vrrp-new-master", "warning", { expiresAfterMs: 15 * MINUTES }),
  raise("1.3.6.1.2.1.33.2.1", "upsTrapOnBattery", "ups-on-battery", "critical", { expiresAfterMs: 5 * MINUTES }),
  raise("1.3.6.1.2.1.33.2.3", "upsTrapAlarmEntryAdded", "ups-alarm", "major", {
    instance: ["1.3.6.1.2.1.33.1.6.2.1.2"],
  }),
  change("1.0.8802.1.1.2.0.0.1", "lldpRemTablesChange", "neighbours"),
  change("1.3.6.1.2.1.47.2.0.1", "entConfigChange", "hardware"),
  raise("1.3.6.1.2.1.88.2.0.1", "mteTriggerFired", "trigger-fired", "warning", {
    instance: TRIGGER,
    expiresAfterMs: 60 * MINUTES,
  }),
  raise("1.3.6.1.2.1.88.2.0.2", "mteTriggerRising", "trigger-threshold", "warning", { instance: TRIGGER }),
  clear("1.3.6.1.2.1.88.2.0.3", "mteTriggerFalling", "trigger-threshold", { instance: TRIGGER }),
  clear("1.3.6.1.2.1.33.2.4", "upsTrapAlarmEntryRemoved", "ups-alarm", { instance: ["1.3.6.1.2.1.33.1.6.2.1.2"] }),
];

/** CISCO-ENVMON-MIB, CISCO-ENTITY-FRU-CONTROL-MIB, CISCO-CONFIG-MAN-MIB, CISCO-HSRP-MIB, CISCO-STACKWISE-MIB. */
const CISCO = "1.3.6.1.4.1.9.9";
/** normal, warning, critical, shutdown, notPresent, notFunctioning. */
const ENV_CLEAR = ["1"];
const CISCO_RULES: readonly TrapRule[] = [
  raise(`${CISCO}.13.3.0.1`, "ciscoEnvMonShutdownNotification", "environment-shutdown", "critical", {
    expiresAfterMs: 60 * MINUTES,
  }),
  raise(`${CISCO}.13.3.0.3`, "ciscoEnvMonTemperatureNotification", "temperature", "major", {
    instance: [`${CISCO}.13.1.3.1.2`],
    state: { column: `${CISCO}.13.1.3.1.6`, clear: ENV_CLEAR },
    expiresAfterMs: 60 * MINUTES,
  }),
  raise(`${CISCO}.13.3.0.4`, "ciscoEnvMonFanNotification", "fan", "major", {
    instance: [`${CISCO}.13.1.4.1.2`],
    state: { column: `${CISCO}.13.1.4.1.3`, clear: ENV_CLEAR },
  }),
  raise(`${CISCO}.13.3.0.5`, "ciscoEnvMonRedundantSupplyNotification", "power-supply", "major", {
    instance: [`${CISCO}.13.1.5.1.2`],
    state: { column: `${CISCO}.13.1.5.1.3`, clear: ENV_CLEAR },
  }),
  raise(`${CISCO}.13.3.0.6`, "ciscoEnvMonVoltStatusChangeNotif", "voltage", "major", {
    instance: [`${CISCO}.13.1.2.1.2`],
    state: { column: `${CISCO}.13.1.2.1.7`, clear: ENV_CLEAR },
  }),
  raise(`${CISCO}.13.3.0.7`, "ciscoEnvMonTempStatusChangeNotif", "temperature", "major", {
    instance: [`${CISCO}.13.1.3.1.2`],
    state: { column: `${CISCO}.13.1.3.1.6`, clear: ENV_CLEAR },
  }),
  raise(`${CISCO}.13.3.0.8`, "ciscoEnvMonFanStatusChangeNotif", "fan", "major", {
    instance: [`${CISCO}.13.1.4.1.2`],
    state: { column: `${CISCO}.13.1.4.1.3`, clear: ENV_CLEAR },
  }),
  raise(`${CISCO}.13.3.0.9`, "ciscoEnvMonSuppStatusChangeNotif", "power-supply", "major", {
    instance: [`${CISCO}.13.1.5.1.2`],
    state: { column: `${CISCO}.13.1.5.1.3`, clear: ENV_CLEAR },
  }),
  raise(`${CISCO}.117.2.0.1`, "cefcModuleStatusChange", "module", "major", {
    instance: [`index ${CISCO}.117.1.2.1.1.2`],
    state: { column: `${CISCO}.117.1.2.1.1.2`, clear: ["2"] },
  }),
  raise(`${CISCO}.117.2.0.2`, "cefcPowerStatusChange", "power-supply", "major", {
    instance: [`index ${CISCO}.117.1.1.2.1.2`],
    // on
    state: { column: `${CISCO}.117.1.1.2.1.2`, clear: ["2"] },
  }),
  change(`${CISCO}.117.2.0.3`, "cefcFRUInserted", "hardware"),
  change(`${CISCO}.117.2.0.4`, "cefcFRURemoved", "hardware"),
  change(`${CISCO}.43.2.0.1`, "ciscoConfigManEvent", "configuration"),
  change(`${CISCO}.43.2.0.2`, "ccmCLIRunningConfigChanged", "configuration"),
  change(`${CISCO}.46.2.0.7`, "vlanTrunkPortDynamicStatusChange", "vlan-trunk"),
  // CISCO-IF-EXTENSION-MIB: NX-OS sends them beside the standard ones.
  raise(`${CISCO}.276.0.1`, "cieLinkDown", "link-down", "major", {
    instance: INTERFACE,
    details: ALIAS,
    deed: { column: `${IF}.7`, value: "2" },
  }),
  clear(`${CISCO}.276.0.2`, "cieLinkUp", "link-down", { instance: INTERFACE, details: ALIAS }),
  raise(`${CISCO}.106.2.0.1`, "cHsrpStateChange", "hsrp-state", "warning", {
    instance: [`index ${CISCO}.106.1.2.1.1.15`],
    // standby, active
    state: { column: `${CISCO}.106.1.2.1.1.15`, clear: ["5", "6"] },
  }),
];

/** JUNIPER-MIB: chassis faults and their ends. */
const JUNIPER = "1.3.6.1.4.1.2636.4";
const JUNIPER_PART = ["1.3.6.1.4.1.2636.3.1.8.1.6", "1.3.6.1.4.1.2636.3.1.15.1.5"];
const JUNIPER_RULES: readonly TrapRule[] = [
  raise(`${JUNIPER}.1.1`, "jnxPowerSupplyFailure", "power-supply", "major", { instance: JUNIPER_PART }),
  clear(`${JUNIPER}.2.1`, "jnxPowerSupplyOK", "power-supply", { instance: JUNIPER_PART }),
  raise(`${JUNIPER}.1.2`, "jnxFanFailure", "fan", "major", { instance: JUNIPER_PART }),
  clear(`${JUNIPER}.2.2`, "jnxFanOK", "fan", { instance: JUNIPER_PART }),
  raise(`${JUNIPER}.1.3`, "jnxOverTemperature", "temperature", "major", { instance: JUNIPER_PART }),
  clear(`${JUNIPER}.2.3`, "jnxTemperatureOK", "temperature", { instance: JUNIPER_PART }),
  raise(`${JUNIPER}.1.9`, "jnxFruFailed", "module", "major", { instance: JUNIPER_PART }),
  clear(`${JUNIPER}.2.9`, "jnxFruOK", "module", { instance: JUNIPER_PART }),
  raise(`${JUNIPER}.1.8`, "jnxFruOffline", "module-offline", "major", { instance: JUNIPER_PART }),
  clear(`${JUNIPER}.2.8`, "jnxFruOnline", "module-offline", { instance: JUNIPER_PART }),
  change("1.3.6.1.4.1.2636.4.5.0.1", "jnxCmCfgChange", "configuration"),
];

/** PowerNet-MIB (APC), NET-SNMP-AGENT-MIB. */
const APC = "1.3.6.1.4.1.318";
const OTHERS: readonly TrapRule[] = [
  raise(`${APC}.0.5`, "upsOnBattery", "ups-on-battery", "critical"),
  clear(`${APC}.0.9`, "powerRestored", "ups-on-battery"),
  raise(`${APC}.0.7`, "lowBattery", "ups-low-battery", "critical"),
  clear(`${APC}.0.11`, "returnFromLowBattery", "ups-low-battery"),
  raise(`${APC}.0.1`, "communicationLost", "ups-communication", "major"),
  clear(`${APC}.0.8`, "communicationEstablished", "ups-communication"),
  raise("1.3.6.1.4.1.8072.4.0.2", "nsNotifyShutdown", "snmp-agent-down", "warning", { expiresAfterMs: 60 * MINUTES }),
  clear("1.3.6.1.4.1.8072.4.0.1", "nsNotifyStart", "snmp-agent-down"),
  clear("1.3.6.1.4.1.8072.4.0.3", "nsNotifyRestart", "snmp-agent-down"),
];

/** What is understood without any configuration. Rules of the configuration are tried before these. */
export const DEFAULT_RULES: readonly TrapRule[] = [
  ...GENERAL,
  ...PROTOCOLS,
  ...CISCO_RULES,
  ...JUNIPER_RULES,
  ...OTHERS,
];

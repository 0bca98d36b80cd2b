import { expect, test } from "vitest";
import type { Event } from "../../core/model/event.ts";
import { DEFAULT_RULES } from "./default-rules.ts";
import { LogRules } from "./log-rule.ts";
import { readSyslog } from "./message.ts";

const NOW = Date.parse("2026-03-01T10:00:00Z");

const rules = new LogRules({ rules: DEFAULT_RULES, isKnownCi: () => false, unmatchedMax: 2 });
const read = (text: string): Event | undefined => rules.read(readSyslog(text, NOW), "10.0.0.9", NOW);

/** What devices and programs really write, and how they take it back. */
test.for<[check: string, instance: string, raise: string, clear: string]>([
  [
    "link-down",
    "GigabitEthernet0/1",
    "<187>1: sw: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down",
    "<187>2: sw: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up",
  ],
  [
    "line-protocol-down",
    "Gi1/0/3",
    "<189>%LINEPROTO-5-UPDOWN: Line protocol on Interface Gi1/0/3, changed state to down",
    "<189>%LINEPROTO-5-UPDOWN: Line protocol on Interface Gi1/0/3, changed state to up",
  ],
  [
    "link-down",
    "Ethernet1/7",
    "<189>%ETHPORT-5-IF_DOWN_LINK_FAILURE: Interface Ethernet1/7 is down (Link failure)",
    "<189>%ETHPORT-5-IF_UP: Interface Ethernet1/7 is up in mode trunk",
  ],
  [
    "bgp-neighbour-down",
    "10.1.1.2",
    "<189>%BGP-5-ADJCHANGE: neighbor 10.1.1.2 Down BGP Notification sent",
    "<189>%BGP-5-ADJCHANGE: neighbor 10.1.1.2 Up",
  ],
  [
    "bgp-neighbour-down",
    "10.1.1.2",
    "<187>%ROUTING-BGP-5-ADJCHANGE : neighbor 10.1.1.2 Down",
    "<187>%ROUTING-BGP-5-ADJCHANGE : neighbor 10.1.1.2 Up",
  ],
  [
    "bgp-neighbour-down",
    "10.9.9.9",
    "<28>Mar  1 09:59:00 mx-1 rpd[1]: RPD_BGP_NEIGHBOR_STATE_CHANGED: BGP peer 10.9.9.9 (External AS 65001) changed state from Established to Idle (event HoldTime)",
    "<28>Mar  1 09:59:30 mx-1 rpd[1]: RPD_BGP_NEIGHBOR_STATE_CHANGED: BGP peer 10.9.9.9 (External AS 65001) changed state from OpenConfirm to Established (event RecvKeepAlive)",
  ],
  [
    "ospf-neighbour-down",
    "10.2.2.2",
    "<189>%OSPF-5-ADJCHG: Process 1, Nbr 10.2.2.2 on GigabitEthernet0/0 from FULL to DOWN, Neighbor Down: Dead timer expired",
    "<189>%OSPF-5-ADJCHG: Process 1, Nbr 10.2.2.2 on GigabitEthernet0/0 from LOADING to FULL, Loading Done",
  ],
  [
    "link-down",
    "ge-0/0/1.0",
    "<28>Mar  1 09:59:00 mx-1 mib2d[1]: SNMP_TRAP_LINK_DOWN: ifIndex 530, ifAdminStatus up(1), ifOperStatus down(2), ifName ge-0/0/1.0",
    "<28>Mar  1 09:59:00 mx-1 mib2d[1]: SNMP_TRAP_LINK_UP: ifIndex 530, ifAdminStatus up(1), ifOperStatus up(1), ifName ge-0/0/1.0",
  ],
  [
    "link-down",
    "eth0",
    "<6>Mar  1 09:59:00 web-01 kernel: [12.3] e1000e 0000:00:19.0 eth0: NIC Link is Down",
    "<6>Mar  1 09:59:00 web-01 kernel: [12.3] e1000e 0000:00:19.0 eth0: NIC Link is Up 1000 Mbps Full Duplex",
  ],
  [
    "unit-failed",
    "nginx.service",
    "<29>Mar  1 09:59:00 web-01 systemd[1]: nginx.service: Failed with result 'exit-code'.",
    "<30>Mar  1 09:59:00 web-01 systemd[1]: Started nginx.service - A high performance web server.",
  ],
  [
    "backend-down",
    "shop/web-01",
    "<129>Mar  1 09:59:00 lb-1 haproxy[9]: Server shop/web-01 is DOWN, reason: Layer4 timeout",
    "<133>Mar  1 09:59:00 lb-1 haproxy[9]: Server shop/web-01 is UP, reason: Layer4 check passed",
  ],
  [
    "vrrp-state",
    "VI_1",
    "<30>Mar  1 09:59:00 lb-1 Keepalived_vrrp[9]: (VI_1) Entering FAULT STATE",
    "<30>Mar  1 09:59:00 lb-1 Keepalived_vrrp[9]: (VI_1) Entering MASTER STATE",
  ],
])("%s %s is raised and cleared", ([check, instance, raise, clear]) => {
  expect(read(raise)).toMatchObject({ source: "syslog", check, instance, status: "firing", kind: "alert" });
  expect(read(clear)).toMatchObject({ check, instance, status: "resolved" });
  expect(read(raise)?.ci).toBe(read(clear)?.ci);
});

test.for<[check: string, instance: string, severity: string, text: string]>([
  [
    "out-of-memory",
    "java",
    "critical",
    "<3>Mar  1 09:59:00 web-01 kernel: Out of memory: Killed process 4711 (java) total-vm:1kB",
  ],
  [
    "disk-error",
    "sda",
    "critical",
    "<3>Mar  1 09:59:00 web-01 kernel: blk_update_request: I/O error, dev sda, sector 2048",
  ],
  [
    "file-system-error",
    "sda1",
    "critical",
    "<2>Mar  1 09:59:00 web-01 kernel: EXT4-fs error (device sda1): ext4_lookup:1590: inode #2",
  ],
  [
    "hung-task",
    "jbd2/sda1-8",
    "major",
    "<3>Mar  1 09:59:00 web-01 kernel: INFO: task jbd2/sda1-8:300 blocked for more than 120 seconds.",
  ],
  [
    "raid-degraded",
    "/dev/md0",
    "critical",
    "<2>Mar  1 09:59:00 web-01 mdadm[1]: Fail event detected on md device /dev/md0, component device /dev/sdb1",
  ],
])("%s %s is raised", ([check, instance, severity, text]) => {
  expect(read(text)).toMatchObject({ ci: "web-01", check, instance, severity, status: "firing" });
});

test("a configuration of a device is a change", () => {
  expect(read("<189>Mar  1 09:59:00 sw-1 1: %SYS-5-CONFIG_I: Configured from console by ann on vty0")).toMatchObject({
    kind: "change",
    check: "configuration",
    severity: "info",
    labels: { actor: "ann", from: "console" },
  });
});

test("what no rule knows is told only when it is bad, and for a while", () => {
  expect(read("<13>Mar  1 09:59:00 h app: all is well")).toBeUndefined();
  expect(read("<10>Mar  1 09:59:00 h app: it burns")).toMatchObject({
    ci: "h",
    check: "log app",
    severity: "critical",
    expiresAfterMs: 900_000,
  });
});

test("the sender's address is the CI where the message names no host", () => {
  expect(read("<10>it burns")).toMatchObject({ ci: "10.0.0.9" });
});

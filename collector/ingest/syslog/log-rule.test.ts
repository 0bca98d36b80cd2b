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
  [
    "line-protocol-down",
    "Ethernet3",
    "<190>Mar  1 09:59:00 leaf-1 Ebra: %LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet3 (to spine-1), changed state to down",
    "<190>Mar  1 09:59:00 leaf-1 Ebra: %LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet3 (to spine-1), changed state to up",
  ],
  [
    "link-down",
    "TenGigE0/0/0/1",
    "<189>RP/0/RSP0/CPU0:Mar  1 09:59:00.123 : ifmgr[254]: %PKT_INFRA-LINK-3-UPDOWN : Interface TenGigE0/0/0/1, changed state to Down",
    "<189>RP/0/RSP0/CPU0:Mar  1 09:59:00.123 : ifmgr[254]: %PKT_INFRA-LINK-3-UPDOWN : Interface TenGigE0/0/0/1, changed state to Up",
  ],
  [
    "bgp-neighbour-down",
    "10.0.1.1",
    "<190>Mar  1 09:59:00 leaf-1 Bgp: %BGP-5-ADJCHANGE: peer 10.0.1.1 (VRF default AS 65000) old state Established event HoldTime new state Idle",
    "<190>Mar  1 09:59:00 leaf-1 Bgp: %BGP-5-ADJCHANGE: peer 10.0.1.1 (VRF default AS 65000) old state OpenConfirm event RecvKeepAlive new state Established",
  ],
  [
    "eigrp-neighbour-down",
    "10.1.1.3",
    "<189>%DUAL-5-NBRCHANGE: EIGRP-IPv4 100: Neighbor 10.1.1.3 (GigabitEthernet0/1) is down: holding time expired",
    "<189>%DUAL-5-NBRCHANGE: EIGRP-IPv4 100: Neighbor 10.1.1.3 (GigabitEthernet0/1) is up: new adjacency",
  ],
  [
    "isis-neighbour-down",
    "R2",
    "<189>%CLNS-5-ADJCHANGE: ISIS: Adjacency to R2 (GigabitEthernet0/1) Down, hold time expired",
    "<189>%CLNS-5-ADJCHANGE: ISIS: Adjacency to R2 (GigabitEthernet0/1) Up, new adjacency",
  ],
  [
    "ospf-neighbour-down",
    "10.0.0.2",
    "<28>Mar  1 09:59:00 mx-1 rpd[1]: RPD_OSPF_NBRDOWN: OSPF neighbor 10.0.0.2 (realm ospf-v2 ge-0/0/0.0 area 0.0.0.0) state changed from Full to Down due to InActiveTimer",
    "<28>Mar  1 09:59:00 mx-1 rpd[1]: RPD_OSPF_NBRUP: OSPF neighbor 10.0.0.2 (realm ospf-v2 ge-0/0/0.0 area 0.0.0.0) state changed from Init to ExStart due to 2WayRcvd",
  ],
  [
    "chassis-alarm",
    "PEM 0 Not OK",
    "<28>Mar  1 09:59:00 mx-1 alarmd[1]: Alarm set: PS color=RED, class=CHASSIS, reason=PEM 0 Not OK",
    "<28>Mar  1 09:59:00 mx-1 alarmd[1]: Alarm cleared: PS color=RED, class=CHASSIS, reason=PEM 0 Not OK",
  ],
  [
    "port-disabled",
    "Gi1/0/3",
    "<188>%PM-4-ERR_DISABLE: bpduguard error detected on Gi1/0/3, putting Gi1/0/3 in err-disable state",
    "<188>%PM-4-ERR_RECOVER: Attempting to recover from bpduguard err-disable state on Gi1/0/3",
  ],
  [
    "stack-member-down",
    "Switch 2",
    "<189>%STACKMGR-4-SWITCH_REMOVED: Switch 2 has been REMOVED from the stack",
    "<189>%STACKMGR-4-SWITCH_ADDED: Switch 2 has been ADDED to the stack",
  ],
  [
    "link-down",
    "port1",
    '<189>date=2026-03-01 time=09:59:00 devname="fw-1" logid="0100020081" level="critical" status="DOWN" msg="Link monitor: Interface port1 was turned down"',
    '<189>date=2026-03-01 time=09:59:10 devname="fw-1" logid="0100020081" level="notice" status="UP" msg="Link monitor: Interface port1 was turned up"',
  ],
  [
    "link-down",
    "ethernet1/1",
    '<14>Mar  1 09:59:00 PA-1 1,2026/03/01 09:59:00,0001,SYSTEM,port,0,2026/03/01 09:59:00,,link-change,ethernet1/1,0,0,general,informational,"Port ethernet1/1: Down 1Gb/s-full duplex",123,0x0',
    '<14>Mar  1 09:59:00 PA-1 1,2026/03/01 09:59:00,0001,SYSTEM,port,0,2026/03/01 09:59:00,,link-change,ethernet1/1,0,0,general,informational,"Port ethernet1/1: Up   1Gb/s-full duplex",123,0x0',
  ],
  [
    "link-down",
    "24",
    "<188>Mar  1 09:59:00 hp-1 00077 ports: port 24 is now off-line",
    "<190>Mar  1 09:59:00 hp-1 00076 ports: port 24 is now on-line",
  ],
  [
    "link-down",
    "GigabitEthernet0/0/1",
    "<189>Mar  1 2026 09:59:00 core-1 %%01IFPDT/4/IF_STATE(l)[1]:Interface GigabitEthernet0/0/1 has turned into DOWN state.",
    "<189>Mar  1 2026 09:59:00 core-1 %%01IFPDT/4/IF_STATE(l)[1]:Interface GigabitEthernet0/0/1 has turned into UP state.",
  ],
  [
    "link-down",
    "GigabitEthernet1/0/1",
    "<189>Mar  1 09:59:00 acc-1 %%10IFNET/3/PHY_UPDOWN: Physical state on the interface GigabitEthernet1/0/1 changed to down.",
    "<189>Mar  1 09:59:00 acc-1 %%10IFNET/3/PHY_UPDOWN: Physical state on the interface GigabitEthernet1/0/1 changed to up.",
  ],
  [
    "link-down",
    "ether1",
    "<30>Mar  1 09:59:00 mt-1 interface,info ether1 link down",
    "<30>Mar  1 09:59:00 mt-1 interface,info ether1 link up (speed 1G, full duplex)",
  ],
  [
    "link-down",
    "p1p1",
    "<6>Mar  1 09:59:00 web-01 kernel: bnx2x 0000:04:00.0 p1p1: NIC Link is Down",
    "<6>Mar  1 09:59:00 web-01 kernel: bnx2x 0000:04:00.0 p1p1: NIC Link is Up, 10000 Mbps full duplex",
  ],
  [
    "link-down",
    "eth1",
    "<6>Mar  1 09:59:00 web-01 kernel: bond0: link status definitely down for interface eth1, disabling it",
    "<6>Mar  1 09:59:00 web-01 kernel: bond0: link status definitely up for interface eth1, 1000 Mbps full duplex",
  ],
  [
    "raid-degraded",
    "md0",
    "<2>Mar  1 09:59:00 web-01 mdadm[1]: Fail event detected on md device /dev/md0, component device /dev/sdb1",
    "<5>Mar  1 09:59:00 web-01 mdadm[1]: SpareActive event detected on md device /dev/md0, component device /dev/sdc1",
  ],
  [
    "storage-path-down",
    "naa.6005",
    "<166>2026-03-01T09:59:00.123Z esx-1 vobd: [scsiCorrelator] 1us: [esx.problem.storage.connectivity.lost] Lost connectivity to storage device naa.6005. Path vmhba1:C0:T0:L0 is down.",
    "<166>2026-03-01T09:59:00.123Z esx-1 vobd: [scsiCorrelator] 1us: [esx.clear.storage.connectivity.restored] Connectivity to storage device naa.6005 (Datastores: ds1) restored. Path vmhba1:C0:T0:L0 is active again.",
  ],
  [
    "link-down",
    "vmnic1",
    "<166>2026-03-01T09:59:00.123Z esx-1 vobd: [netCorrelator] 1us: [vob.net.vmnic.linkstate.down] vmnic vmnic1 linkstate down",
    "<166>2026-03-01T09:59:00.123Z esx-1 vobd: [netCorrelator] 1us: [vob.net.vmnic.linkstate.up] vmnic vmnic1 linkstate up",
  ],
  [
    "backend-down",
    "/Common/web member /Common/10.0.0.1:80",
    "<11>Mar  1 09:59:00 f5-1 mcpd[1]: 01070638:5: Pool /Common/web member /Common/10.0.0.1:80 monitor status down. [ /Common/http: down ]",
    "<11>Mar  1 09:59:00 f5-1 mcpd[1]: 01070727:5: Pool /Common/web member /Common/10.0.0.1:80 monitor status up. [ /Common/http: up ]",
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
    "md0",
    "critical",
    "<1>Mar  1 09:59:00 web-01 kernel: md/raid1:md0: Disk failure on sdb1, disabling device.",
  ],
  [
    "file-system-error",
    "dm-1",
    "critical",
    "<1>Mar  1 09:59:00 web-01 kernel: XFS (dm-1): Corruption of in-memory data detected. Shutting down filesystem",
  ],
  [
    "out-of-memory",
    "java",
    "critical",
    "<3>Mar  1 09:59:00 web-01 kernel: Memory cgroup out of memory: Killed process 4711 (java) total-vm:1kB",
  ],
  [
    "disk-smart",
    "/dev/sda",
    "major",
    "<26>Mar  1 09:59:00 web-01 smartd[1]: Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors",
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

test.each([
  "<189>2026 Mar  1 09:59:00 UTC: %ETHPORT-5-IF_DOWN_ADMIN_DOWN: Interface Ethernet1/1 is down (Administratively down)",
  "<189>45: *Mar  1 09:59:00.123: %LINK-5-CHANGED: Interface Ethernet1/1, changed state to administratively down",
])("a port that somebody shut is a change, not a fault: %s", (text) => {
  expect(read(text)).toMatchObject({ kind: "change", check: "port-shut", instance: "Ethernet1/1" });
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

test("what is raised can be cleared, or ends by itself", () => {
  const alerts = DEFAULT_RULES.filter(({ kind }) => kind !== "change");
  for (const [check, list] of Map.groupBy(alerts, (rule) => rule.check)) {
    const hasClear = list.some(({ status, clearStates = [] }) => status === "resolved" || clearStates.length > 0);
    for (const rule of list)
      if (rule.status === "firing" && rule.expiresAfterMs === undefined)
        expect.soft(hasClear, `${check} ${rule.pattern}`).toBe(true);
  }
});

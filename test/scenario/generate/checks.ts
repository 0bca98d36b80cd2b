import type { Aspect } from "./fault.ts";

/** What a check looks at: one aspect, or that nobody answers (dead or cut off), or that a program does not (down). */
export type Looked = Aspect | "gone" | "down" | "bad";

/** Whose voice it is, which decides when it is heard. */
export type Voice =
  /** Runs on the machine: silent while that is dead; kept and sent later while it is cut off. */
  | "agent"
  /** Asks from where we look. */
  | "poll"
  /** The device sends it: lost while it is dead or cut off. */
  | "device"
  /** A manager in the middle, which sees what it manages. */
  | "manager"
  /** Reads what the program says of itself: nothing while it is dead, and what fired then clears. */
  | "scrape";

export interface CheckKind {
  tool: string;
  check: string;
  types: readonly string[];
  looks: Looked;
  /** Level from which each severity is meant, mildest first. */
  steps: readonly (readonly [number, string])[];
  everyS: number;
  /** So many looks in a row before it says so. */
  confirm: number;
  /** Says it again after so long; 0 = never. */
  repeatS: number;
  voice: Voice;
  text: readonly string[];
  instance?: readonly string[];
  /** Share of the CIs of its types that have it. */
  share?: number;
  /** Says when it is over; traps and log lines often do not. */
  clears?: number;
}

const GROUPS: Record<string, readonly string[]> = {
  net: ["switch", "router", "firewall", "loadBalancer", "wanLink"],
  box: ["host", "vm", "hypervisor"],
  web: ["application", "container", "service", "dns"],
  end: ["printer", "camera", "accessPoint", "terminal"],
};

/**
 * The vocabulary of monitoring tools, about as they come out of the box; next to none of these names is in the
 * development scenarios. Columns: tool, check, types, what it looks at, severities by level, seconds between looks and
 * looks in a row and seconds to the next word, voice, texts, more.
 */
const TABLE = `
zabbix | Unavailable by ICMP ping | net box storage pdu end | gone | 0.5:critical | 60,3,0 | poll | {ci}: Unavailable by ICMP ping / Last three attempts returned timeout
zabbix | High ICMP ping loss | net box | lossy | 0.2:warning | 60,5,0 | poll | Loss: {pct} %
zabbix | Zabbix agent is not available (for 3m) | box | gone | 0.5:major | 60,3,0 | poll | For passive agents only, host availability is used with 3m as time threshold | share=0.6
zabbix | High CPU utilization | box | load | 0.7:warning 0.95:major | 60,5,0 | agent | Current utilization: {pct} %
zabbix | Disk space is critically low | box | full | 0.8:warning 0.93:major | 60,1,0 | agent | Space used: {pct} % of /opt | on=/opt,/data,/
zabbix | System time is out of sync | box | skew | 0.3:warning | 60,3,0 | agent | diff with Zabbix server > 60s
zabbix | Service is down | application database cache queue dns | down | 0.5:critical | 60,2,0 | poll | {ci} service is down / TCP check of {ci} failed
zabbix | Response code is wrong | web | errors | 0.3:warning 0.6:major | 60,2,0 | poll | web scenario {ci}: required status code 200, got 502 | share=0.6
zabbix | Response time is too high | web database | slow | 0.3:warning | 60,3,0 | poll | response time over {ms} ms | share=0.5
icinga | hostalive | net box storage pdu end | gone | 0.5:critical | 60,2,300 | poll | CRITICAL - Host Unreachable ({ci}) / PING CRITICAL - 100% loss
icinga | load | box | load | 0.7:warning 0.92:critical | 60,3,300 | agent | LOAD WARNING - load average: {n}.1
icinga | disk | box | full | 0.8:warning 0.93:critical | 120,1,600 | agent | DISK - free space: /var {n} MB
icinga | procs | application database cache queue dns | dead | 0.5:critical | 60,2,300 | agent | PROCS CRITICAL: 0 processes with {ci}
icinga | http | application service loadBalancer | bad | 0.3:warning 0.6:critical | 60,2,300 | poll | HTTP CRITICAL: HTTP/1.1 500 Internal Server Error / HTTP WARNING: 12.3 seconds response time | share=0.7
icinga | ntp_time | box | skew | 0.3:warning 0.7:critical | 120,2,600 | poll | NTP CRITICAL: Offset 2.4 secs
icinga | ssl_cert | certificate loadBalancer | certificate | 0.6:warning 0.95:critical | 300,1,3600 | poll | SSL_CERT CRITICAL: certificate expired
icinga | dig | dns | bad | 0.4:critical | 60,2,300 | poll | DNS CRITICAL - query timed out
prometheus | TargetUnreachable | box database cache queue storage | gone | 0.5:critical | 15,5,120 | poll | up == 0 for {ci}
prometheus | HostHighCpuLoad | box | load | 0.75:warning | 15,10,240 | scrape | CPU load is > 80 % on {ci}
prometheus | HostOutOfDiskSpace | box | full | 0.85:warning 0.95:critical | 15,8,240 | scrape | less than 10 % left on {ci}
prometheus | RequestErrorBudgetBurn | web queue | errors | 0.15:warning 0.5:critical | 15,6,120 | scrape | {ci} burns its error budget 14x / {pct} % of requests to {ci} fail
prometheus | RequestDurationSLO | web database | slow | 0.25:warning 0.7:major | 15,6,120 | scrape | 95th percentile of {ci} is {ms} ms
prometheus | KubePodNotHealthy | container | down | 0.5:critical | 15,4,120 | manager | Pod {ci} has been in a non-running state for longer than 1 minute
prometheus | KubeNodeUnreachable | host | gone | 0.5:critical | 15,4,120 | manager | {ci} is unreachable and some workloads may be rescheduled | share=0.7
prometheus | KubeDeploymentUnavailable | service | member | 0.2:warning 0.7:critical | 15,8,180 | manager | Deployment {ci} has unavailable replicas | share=0.7
prometheus | RedisDown | cache | down | 0.5:critical | 15,2,120 | poll | Redis instance {ci} is down
prometheus | PostgresqlDown | database | down | 0.5:critical | 15,2,120 | poll | Postgresql instance {ci} is down
prometheus | PostgresqlHighLocks | database | slow | 0.4:warning | 15,6,240 | scrape | Postgres locks on {ci}: {n} | share=0.5
prometheus | RabbitmqQueueGrowing | queue | backlog | 0.3:warning 0.8:critical | 30,4,240 | scrape | {n}00 messages wait in {ci}
prometheus | NodeClockNotSynchronising | box | skew | 0.3:warning | 30,8,600 | scrape | clock of {ci} is not synchronised
prometheus | ClusterDegraded | cluster | member | 0.15:warning 0.5:critical | 30,3,240 | manager | {ci}: {pct} % of members are missing
prometheus | CephOsdSlowOps | storage cluster | slow | 0.3:warning 0.7:critical | 30,4,240 | manager | slow ops on {ci}
snmptrap | IF-MIB::linkDown | switch router firewall | port | 0.5:major | 10,1,0 | device | linkDown ifIndex={n} / Interface xe-0/0/{n} operStatus down | on=xe-0/0/1,xe-0/0/7,ge-1/0/12 clears=0.8
snmptrap | ifInErrors | switch router wanLink | lossy | 0.15:minor 0.6:major | 60,2,0 | device | ifInErrors {n}/s | on=xe-0/0/3 clears=0.8
snmptrap | cefcPowerStatusChange | pdu rack ups | power | 0.5:critical | 10,1,0 | manager | {ci}: input off / {ci} on battery, input voltage out of range | clears=0.8
snmptrap | ciscoEnvMonTemperature | rack room | hot | 0.3:minor 0.7:critical | 60,1,0 | manager | inlet temperature {n} C above threshold
syslog | BGP-5-ADJCHANGE | router firewall | port | 0.5:major | 10,1,0 | device | neighbor 10.0.{n}.1 Down - holdtimer expired | share=0.7 clears=0.6
syslog | LINEPROTO-5-UPDOWN | switch router | port | 0.5:minor | 10,1,0 | device | Line protocol on Interface xe-0/0/{n}, changed state to down | share=0.6 clears=0.6
sdwan | tunnel-down | wanLink | gone | 0.5:critical | 20,2,600 | manager | Tunnel {ci} is down
sdwan | path-quality | wanLink | lossy | 0.2:minor 0.6:major | 30,3,600 | manager | loss {pct} %, jitter {n} ms on {ci}
sdwan | edge-unreachable | router | gone | 0.5:critical | 30,3,600 | manager | edge {ci} lost connection to the controller | share=0.8
vmware | HostNotResponding | hypervisor | gone | 0.5:critical | 20,1,0 | manager | alarm.HostConnectionStateAlarm: {ci} green to red
vmware | VirtualMachineHeartbeat | vm | gone | 0.5:major | 20,3,0 | manager | No VMware Tools heartbeat of {ci} | share=0.7
vmware | HostCPUUsage | hypervisor | load | 0.75:warning 0.92:critical | 60,5,0 | manager | Host CPU usage {pct} %
array | controller-failover | storage | dead | 0.5:critical | 30,1,0 | manager | array {ci}: no controller answers
array | lun-response | storage | slow | 0.25:warning 0.6:critical | 60,2,600 | manager | LUN response {ms} ms on {ci}
dbtool | instance-availability | database | down | 0.5:critical | 30,2,300 | poll | login to {ci} failed
dbtool | wait-time | database | slow | 0.25:warning 0.7:major | 60,2,300 | scrape | average wait {ms} ms / blocked sessions: {n}
dbtool | sessions-high | database | load | 0.7:warning 0.95:major | 60,2,300 | scrape | {n} active sessions
otel | service.error_rate | application container service | errors | 0.2:minor 0.5:critical | 60,2,300 | scrape | error rate of {ci} {pct} %
otel | service.latency | application container service | slow | 0.25:minor 0.7:major | 60,2,300 | scrape | latency of {ci} {ms} ms, baseline 80 ms
loki | LogErrorBurst | application container database | errors | 0.2:warning 0.6:major | 60,1,180 | agent | {n} lines with level=error / java.net.ConnectException: timed out | share=0.6
queuetool | oldest-message-age | queue | backlog | 0.3:warning 0.75:critical | 60,2,300 | scrape | oldest message {n} min
blackbox | ProbeFailed | businessService | errors | 0.3:major 0.6:critical | 60,2,240 | poll | {ci}: probe_success == 0 / journey {ci} failed at step {n}
blackbox | ProbeSlow | businessService | slow | 0.3:warning 0.8:major | 60,3,240 | poll | journey {ci} takes {n} s
collector | agent_missing | box | gone | 0.5:major | 10,5,0 | poll | No heartbeat from the agent on {ci} | share=0.85
`;

function read(row: string): CheckKind {
  const [tool = "", check = "", types = "", looks = "", steps = "", pace = "", voice = "", text = "", more = ""] = row
    .split(" | ")
    .map((cell) => cell.trim());
  const [everyS = 60, confirm = 1, repeatS = 0] = pace.split(",").map(Number);
  const options = new Map(more.split(" ").map((part) => part.split("=") as [string, string]));
  const share = options.get("share");
  const clears = options.get("clears");
  const on = options.get("on");
  return {
    tool,
    check,
    types: types.split(" ").flatMap((type) => GROUPS[type] ?? [type]),
    looks: looks as Looked,
    steps: steps.split(" ").map((step) => {
      const [level, severity = ""] = step.split(":");
      return [Number(level), severity] as const;
    }),
    everyS,
    confirm,
    repeatS,
    voice: voice as Voice,
    text: text.split(" / "),
    ...(on === undefined ? {} : { instance: on.split(",") }),
    ...(share === undefined ? {} : { share: Number(share) }),
    ...(clears === undefined ? {} : { clears: Number(clears) }),
  };
}

export const CHECKS: readonly CheckKind[] = TABLE.trim().split("\n").map(read);

/**
 * What kind of trouble an alert tells of, whatever tool sent it. Correlation knows kinds, never the names of checks of
 * one product: the words below are those in which monitoring tools speak, and what none of them fits is `other`.
 */
export const SYMPTOMS = [
  /** The machine or device does not answer, or its agent is silent. */
  "gone",
  /** One program does not run or does not answer; its host may be well. */
  "down",
  /** It answers, wrongly. */
  "errors",
  /** It answers, late. */
  "slow",
  /** More work than it can do: CPU, connections, input and output waits. */
  "load",
  /** Work piles up before it, because whoever takes it away is slow or dead. */
  "backlog",
  /** A store of its own fills up: disk, memory. */
  "resource",
  /** A port, an adjacency or a circuit went down: one of the two ends, or what is between. */
  "link",
  /** A line that works badly: errors, flaps, retransmissions. */
  "lossy",
  /** A pool says that a member of it is out. */
  "member",
  "clock",
  /** Power, temperature. */
  "environment",
  "certificate",
  "other",
] as const;

export type Symptom = (typeof SYMPTOMS)[number];

/** Symptoms that a CI tells of itself, so that it lives. The others are what one sees of it from outside. */
export const SPEAKING: ReadonlySet<Symptom> = new Set<Symptom>([
  "link",
  "lossy",
  "load",
  "resource",
  "clock",
  "member",
  "backlog",
]);

/** Words in order of weight: the first row that matches the check's name, and then the text, gives the symptom. */
const BY_CHECK: readonly (readonly [RegExp, Symptom])[] = [
  [/cert|tls|ssl|x509/, "certificate"],
  [/ntp|clock|time.?offset|chrony|time.?sync/, "clock"],
  [/temperature|temp_|thermal|pdu|ups\b|ups_|power.?supply|psu|battery|fan|humidity|cooling/, "environment"],
  [/pool.?member|replicas?.?mismatch|member.?down|endpoint.?down|target.?unhealthy/, "member"],
  [/flap|if.?error|net.?error|retrans|crc|discards|packet.?drop|drops/, "lossy"],
  [/link.?down|adjacency|neighbou?r|bgp|ospf|if.?down|interface.?down|port.?down|lldp/, "link"],
  [/lag.?high|consumer.?lag|queue.?depth|queue.?length|backlog|messages.?ready|lag$/, "backlog"],
  [/replication/, "backlog"],
  [
    /ping|icmp|host.?alive|host.?down|instance.?down|node.?not.?ready|node.?down|agent.?missing|heartbeat|dead.?man|connection.?lost|powered.?off|offline|unreachable|vm.?down|device.?down|array/,
    "gone",
  ],
  [/wan|circuit/, "link"],
  [
    /disassociat|deregister|process|service.?down|unavailable|connections.?low|check.?tcp|tcp|port|pod.?not.?ready|crash|restart|oom|not.?running|unit.?failed|_down|down$/,
    "down",
  ],
  [/throttl|cpu|load|connections|io.?wait|lock|evict|saturat|busy|threads|thread.?pool|memory.?pressure/, "load"],
  [/latency|response.?time|slow|query.?time|duration|p9\d|late$|apdex/, "slow"],
  [/fs.?usage|filesystem|disk|inode|mem|swap|pressure|heap|space|quota|full/, "resource"],
  [/http|error|fail|5xx|4xx|exception|txn|transaction|synthetic|log/, "errors"],
];

const BY_TEXT: readonly (readonly [RegExp, Symptom])[] = [
  [/not respond|unreachable|no answer|no heartbeat|packet loss|host.{0,10}down|powered off/, "gone"],
  [/not running|cannot connect|connection refused|crash|is down/, "down"],
  [/slow|latency|response time|timed? ?out/, "slow"],
  [/error|fail|exception|5\d\d/, "errors"],
  [/cpu|load|saturat/, "load"],
  [/disk|memory|space|full/, "resource"],
];

/** IO waits and storage latencies tell that the disk behind is slow, rather than that there is much work. */
const SLOW_STORE = /io.?wait|volume.?latency|datastore.?latency|disk.?latency/;

/** Check names are few; what was found is kept so that the words are looked through once a name. */
const KNOWN_MAX = 10_000;

/** Tells the symptom of an alert by the check's name and, where the name says nothing, by its text. */
export class SymptomReader {
  private readonly known = new Map<string, Symptom | null>();

  read(check: string, summary: string): Symptom {
    let found = this.known.get(check);
    if (found === undefined) {
      found = byName(check.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase());
      if (this.known.size >= KNOWN_MAX) this.known.clear();
      this.known.set(check, found);
    }
    return found ?? byText(summary.toLowerCase()) ?? "other";
  }
}

function byName(check: string): Symptom | null {
  if (SLOW_STORE.test(check)) return "slow";
  return BY_CHECK.find(([words]) => words.test(check))?.[1] ?? null;
}

function byText(text: string): Symptom | null {
  return BY_TEXT.find(([words]) => words.test(text))?.[1] ?? null;
}

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

/**
 * Words in order of weight: the first row that matches the check's name, and then the text, gives the symptom. Names are
 * read as words, in small letters with one space between: `HighLatencyP99` → `high latency p99`, `if_errors` → `if errors`.
 */
const BY_CHECK: readonly (readonly [RegExp, Symptom])[] = [
  [/\b(certs?|certificates?|tls|ssl|x509)\b/, "certificate"],
  [/\b(ntp\w*|clock\w*|chrony\w*|timesync\w*|system time|time (offset|sync\w*|drift|skew))\b/, "clock"],
  [
    /\b(temp|temperature|thermal|overheat\w*|pdu|ups|power (supply|status|loss|fail\w*|feed)|psu|battery|fans?|humidity|cooling|input voltage|env ?mon|too hot)\b/,
    "environment",
  ],
  [
    /\b(pool member|replicas? (mismatch|unavailable|missing)|members? (down|out|left|lost|missing)|endpoints? down|targets? unhealthy|unhealthy (hosts?|targets?|members?)|insufficient members|deployment unavailable|(cluster|pool|raid|array|volume) degraded|degraded (cluster|pool|raid|array)|un ?healthy host count|no ?(quorum|leader))\b/,
    "member",
  ],
  [
    /flap|\b(if|interface|net|network|port|nic|input|output|rx|tx)( \w+)? (err|errs|errors?|drops?|dropped|discards?)\b|^interface .*errors?\b|\b(receive|transmit) (err|errs|drop)|\bif (in|out) ?errors?\b|retrans|\bcrc\b|discards|packets? (loss|drops?|dropped)|(ping|icmp|path|line) (loss|quality)|\b(jitter|drops)\b/,
    "lossy",
  ],
  [
    /\blink ?down|adjacency|adj ?change|neighbou?rs?\b|\bbgp|\bospf|\bif ?down|interface (down|state|oper)|port down|\blldp|updown|line ?proto|oper ?status|\bconnectivity|\b(tunnel|trunk|lacp|vrrp|hsrp)\b/,
    "link",
  ],
  [
    /\blag (high|large)|consumer( group)? lag|queues? (depth|length|size|growing|grows|backlog|messages)|\bbacklog|messages? (ready|age|unacked|waiting|behind|in queue)|messages in|oldest message|\blag$|replication|replica lag/,
    "backlog",
  ],
  [/(ping|icmp) response time/, "slow"],
  [/response code|status code|wrong (code|answer|content)/, "errors"],
  [
    /\b(ping|icmp|fping|host ?alive|powered off|power off|offline|unreachable|dead ?man\w*|heart ?beat\w*|vm down)\b|connection (lost|state)|agent .*(missing|lost|silent|not (available|reporting)|unavailable|down)|stopped reporting|\b(host|node|instance|server|device|target|edge|machine|appliance|hypervisor|array|guest|switch|router)( is)? (down|not (responding|ready|available)|no response|unavailable|lost|dead)\b|no (data|contact)\b/,
    "gone",
  ],
  [/\b(wan|circuit)\b/, "link"],
  [
    /disassociat|deregister|\b(process|processes|procs?|service down|unavail\w*|availability|connections? low|tcp|ports?|crash\w*|restart\w*|oom|stopped|absent|killed|refused|status check failed)\b|(pods?|container|process|unit|task|not) (not ready|not healthy|ready|running|failed|missing)|unit failed|\bdown$|\bmissing$/,
    "down",
  ],
  [
    /\b(memory|mem|swap|heap|disk|fs|file ?system|storage|volume|inodes?) (\w+ )?(utili[sz]ation|usage|used|full|low)\b|out of (disk|memory|space)/,
    "resource",
  ],
  [
    /throttl|\b(cpu|load|connections?|sessions?|io ?wait|(dead)?locks?|lock waits|evict\w*|saturat\w*|busy|threads?|thread ?pool|memory pressure|utili[sz]ation|conntrack|rate limit\w*|requests? (rate|count|per)|rps|qps|traffic|throughput|concurren\w+)\b/,
    "load",
  ],
  [
    /latenc|response|\bslow|query time|wait(ing)? time|duration|percentile|\bp9\d\b|late$|apdex|\bdelay|timed? ?outs?\b|\bslo\b/,
    "slow",
  ],
  [
    /\b(fs|file ?system|disks?|inodes?|mem|memory|swap|pressure|heap|space|quota|full|almost full|filling up|near limit|storage)\b/,
    "resource",
  ],
  [
    /http|error|fail|[45]xx|exception|\btxn|transaction|synthetic|\blogs?\b|\bburn|\bprobe\b|\bdns\b|rejected/,
    "errors",
  ],
];

const BY_TEXT: readonly (readonly [RegExp, Symptom])[] = [
  [/certificate .{0,30}(expire|invalid|untrusted)/, "certificate"],
  [
    /not respond|unreachable|no answer|no .{0,20}answers|no response|no heartbeat|packet loss|host.{0,10}down|powered off|lost contact|up == 0/,
    "gone",
  ],
  [/input (off|lost)|on battery|temperature|voltage/, "environment"],
  [/not running|cannot connect|connection refused|crash|is down|\b0 processes|login .{0,20}failed/, "down"],
  [/members? (is|are) missing|quorum/, "member"],
  [/messages? wait|backlog|behind/, "backlog"],
  [/slow|latency|response|timed? ?out|blocked|\d ms\b/, "slow"],
  [/error|fail|exception|\b5\d\d\b/, "errors"],
  [/cpu|load|saturat|sessions/, "load"],
  [/disk|memory|space|full/, "resource"],
];

/** IO waits and storage latencies tell that the disk behind is slow, rather than that there is much work. */
const SLOW_STORE = /\bio ?wait|(volume|datastore|disk|lun) (latency|response)/;

/** Check names are few; what was found is kept so that the words are looked through once a name. */
const KNOWN_MAX = 10_000;

/** Tells the symptom of an alert by the check's name and, where the name says nothing, by its text. */
export class SymptomReader {
  private readonly known = new Map<string, Symptom | null>();

  read(check: string, summary: string): Symptom {
    let found = this.known.get(check);
    if (found === undefined) {
      found = byName(wordsOf(check));
      if (this.known.size >= KNOWN_MAX) this.known.clear();
      this.known.set(check, found);
    }
    return found ?? byText(summary.toLowerCase()) ?? "other";
  }
}

/** `KubePodCrashLooping` → `kube pod crash looping`: so that `ping` is not found in `looping`. */
function wordsOf(check: string): string {
  return check
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();
}

function byName(check: string): Symptom | null {
  if (SLOW_STORE.test(check)) return "slow";
  return BY_CHECK.find(([words]) => words.test(check))?.[1] ?? null;
}

function byText(text: string): Symptom | null {
  return BY_TEXT.find(([words]) => words.test(text))?.[1] ?? null;
}

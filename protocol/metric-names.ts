import { counter, gauge, type MetricName, type Row } from "./metric-name.ts";
import { HARDWARE, SERVICES } from "./metric-names-hardware.ts";

const CPU: readonly MetricName[] = [
  counter("system.cpu.time", "node_cpu_seconds_total", "s", "Seconds the CPUs spent in each mode.", {
    rename: { state: "mode" },
    values: { state: { wait: "iowait", interrupt: "irq" } },
    prefix: { cpu: "cpu" },
  }),
  gauge("system.cpu.load_average.1m", "node_load1", "{thread}", "1m load average."),
  gauge("system.cpu.load_average.5m", "node_load5", "{thread}", "5m load average."),
  gauge("system.cpu.load_average.15m", "node_load15", "{thread}", "15m load average."),
  counter(
    "system.linux.context_switches",
    "node_context_switches_total",
    "{switch}",
    "Total number of context switches.",
  ),
  counter("system.linux.interrupts", "node_intr_total", "{interrupt}", "Total number of interrupts serviced."),
];

/** Fields of /proc/meminfo that OpenTelemetry does not name; the node name gets `_bytes` (kB fields only). */
export const MEMINFO_FIELDS = [
  "Slab",
  "SwapTotal",
  "SwapFree",
  "SwapCached",
  "Active",
  "Inactive",
  "Active(anon)",
  "Inactive(anon)",
  "Active(file)",
  "Inactive(file)",
  "AnonPages",
  "Mapped",
  "Dirty",
  "Writeback",
  "CommitLimit",
  "Committed_AS",
  "PageTables",
  "KernelStack",
  "Percpu",
  "Unevictable",
  "Mlocked",
  "HugePages_Total",
  "HugePages_Free",
  "HardwareCorrupted",
] as const;

const memory = (state: string, field: string): MetricName =>
  gauge("system.memory.usage", `node_memory_${field}_bytes`, "By", `Memory information field ${field}_bytes.`, {
    when: { state },
  });

const meminfo = (field: string): MetricName => {
  const name = field.replace(/\(([^)]*)\)/, "_$1") + (field.startsWith("HugePages_") ? "" : "_bytes");
  const unit = field.startsWith("HugePages_") ? "{page}" : "By";
  return gauge("system.linux.memory.meminfo", `node_memory_${name}`, unit, `Memory information field ${name}.`, {
    when: { field },
  });
};

const MEMORY: readonly MetricName[] = [
  gauge("system.memory.limit", "node_memory_MemTotal_bytes", "By", "Memory information field MemTotal_bytes."),
  gauge(
    "system.memory.linux.available",
    "node_memory_MemAvailable_bytes",
    "By",
    "Memory information field MemAvailable_bytes.",
  ),
  gauge("system.memory.linux.shared", "node_memory_Shmem_bytes", "By", "Memory information field Shmem_bytes."),
  memory("free", "MemFree"),
  memory("buffered", "Buffers"),
  memory("cached", "Cached"),
  memory("slab_reclaimable", "SReclaimable"),
  memory("slab_unreclaimable", "SUnreclaim"),
  ...MEMINFO_FIELDS.map(meminfo),
];

const vmstat = (otel: string, field: string, unit: string, when: Record<string, string>): MetricName =>
  counter(otel, `node_vmstat_${field}`, unit, `/proc/vmstat information field ${field}.`, { when, untyped: true });

const PAGING: readonly MetricName[] = [
  vmstat("system.paging.faults", "pgmajfault", "{fault}", { type: "major" }),
  vmstat("system.linux.vmstat", "pgfault", "1", { field: "pgfault" }),
  vmstat("system.linux.vmstat", "pgpgin", "1", { field: "pgpgin" }),
  vmstat("system.linux.vmstat", "pgpgout", "1", { field: "pgpgout" }),
  vmstat("system.paging.operations", "pswpin", "{operation}", { direction: "page_in", type: "major" }),
  vmstat("system.paging.operations", "pswpout", "{operation}", { direction: "page_out", type: "major" }),
  vmstat("system.linux.oom_kills", "oom_kill", "{kill}", {}),
];

const direction = (value: string): Row => ({ when: { direction: value } });

const DISK: readonly MetricName[] = [
  counter(
    "system.disk.io",
    "node_disk_read_bytes_total",
    "By",
    "The total number of bytes read successfully.",
    direction("read"),
  ),
  counter(
    "system.disk.io",
    "node_disk_written_bytes_total",
    "By",
    "The total number of bytes written successfully.",
    direction("write"),
  ),
  counter(
    "system.disk.operations",
    "node_disk_reads_completed_total",
    "{operation}",
    "The total number of reads completed successfully.",
    direction("read"),
  ),
  counter(
    "system.disk.operations",
    "node_disk_writes_completed_total",
    "{operation}",
    "The total number of writes completed successfully.",
    direction("write"),
  ),
  counter(
    "system.disk.operation_time",
    "node_disk_read_time_seconds_total",
    "s",
    "The total number of seconds spent by all reads.",
    direction("read"),
  ),
  counter(
    "system.disk.operation_time",
    "node_disk_write_time_seconds_total",
    "s",
    "This is the total number of seconds spent by all writes.",
    direction("write"),
  ),
  counter(
    "system.disk.merged",
    "node_disk_reads_merged_total",
    "{operation}",
    "The total number of reads merged.",
    direction("read"),
  ),
  counter(
    "system.disk.merged",
    "node_disk_writes_merged_total",
    "{operation}",
    "The number of writes merged.",
    direction("write"),
  ),
  counter("system.disk.io_time", "node_disk_io_time_seconds_total", "s", "Total seconds spent doing I/Os."),
  counter(
    "system.disk.weighted_io_time",
    "node_disk_io_time_weighted_seconds_total",
    "s",
    "The weighted # of seconds spent doing I/Os.",
  ),
  gauge(
    "system.disk.pending_operations",
    "node_disk_io_now",
    "{operation}",
    "The number of I/Os currently in progress.",
  ),
];

const onFilesystem = (state?: string): Row => ({
  ...(state === undefined ? {} : { when: { state } }),
  rename: { type: "fstype" },
  drop: ["mode"],
  add: { device_error: "" },
});

const FILESYSTEM: readonly MetricName[] = [
  gauge(
    "system.filesystem.usage",
    "node_filesystem_avail_bytes",
    "By",
    "Filesystem space available to non-root users in bytes.",
    onFilesystem("free"),
  ),
  gauge(
    "system.linux.filesystem.free",
    "node_filesystem_free_bytes",
    "By",
    "Filesystem free space in bytes.",
    onFilesystem(),
  ),
  gauge("system.filesystem.limit", "node_filesystem_size_bytes", "By", "Filesystem size in bytes.", onFilesystem()),
  gauge(
    "system.filesystem.inodes.limit",
    "node_filesystem_files",
    "{inode}",
    "Filesystem total file nodes.",
    onFilesystem(),
  ),
  gauge(
    "system.filesystem.inodes.usage",
    "node_filesystem_files_free",
    "{inode}",
    "Filesystem total free file nodes.",
    onFilesystem("free"),
  ),
  gauge(
    "system.linux.filesystem.readonly",
    "node_filesystem_readonly",
    "1",
    "Filesystem read-only status.",
    onFilesystem(),
  ),
  gauge(
    "system.linux.filesystem.error",
    "node_filesystem_device_error",
    "1",
    "Whether an error occurred while getting statistics for the given device.",
    onFilesystem(),
  ),
];

const network = (otel: string, unit: string, suffix: string): MetricName[] =>
  ["receive", "transmit"].map((way) =>
    counter(otel, `node_network_${way}_${suffix}_total`, unit, `Network device statistic ${way}_${suffix}.`, {
      when: { direction: way },
    }),
  );

const sockstat = (field: string, unit = "{socket}"): MetricName =>
  gauge(
    "system.linux.sockstat",
    `node_sockstat_${field}`,
    unit,
    `Number of ${field.replace("_", " ")} sockets in state.`,
    {
      when: { field },
    },
  );

/** `Protocol_name` of /proc/net/sockstat. */
export const SOCKSTAT_FIELDS = [
  "sockets_used",
  "TCP_inuse",
  "TCP_orphan",
  "TCP_tw",
  "TCP_alloc",
  "TCP_mem",
  "UDP_inuse",
  "UDP_mem",
] as const;

/** `Protocol_Counter` of /proc/net/snmp and /proc/net/netstat. */
export const NETSTAT_FIELDS = [
  "Tcp_ActiveOpens",
  "Tcp_PassiveOpens",
  "Tcp_InSegs",
  "Tcp_OutSegs",
  "Tcp_RetransSegs",
  "Tcp_InErrs",
  "Tcp_OutRsts",
  "TcpExt_ListenOverflows",
  "TcpExt_ListenDrops",
  "TcpExt_TCPSynRetrans",
  "TcpExt_TCPTimeouts",
  "Udp_InDatagrams",
  "Udp_OutDatagrams",
  "Udp_InErrors",
  "Udp_NoPorts",
  "Udp_RcvbufErrors",
  "Udp_SndbufErrors",
] as const;

const netstat = (field: string): MetricName =>
  counter("system.linux.netstat", `node_netstat_${field}`, "1", `Statistic ${field.replace("_", "")}.`, {
    when: { field },
    untyped: true,
  });

/** Columns of /proc/net/stat/nf_conntrack that tell of trouble or load; the file has more. node_exporter's choice. */
export const CONNTRACK_STATS = [
  "found",
  "invalid",
  "ignore",
  "insert",
  "insert_failed",
  "drop",
  "early_drop",
  "search_restart",
] as const;

const NETWORK: readonly MetricName[] = [
  ...network("system.network.io", "By", "bytes"),
  ...network("system.network.packets", "{packet}", "packets"),
  ...network("system.network.errors", "{error}", "errs"),
  ...network("system.network.dropped", "{packet}", "drop"),
  gauge("system.linux.network.up", "node_network_up", "1", "Value is 1 if operstate is 'up', 0 otherwise."),
  gauge("system.linux.network.carrier", "node_network_carrier", "1", "Network device property: carrier."),
  gauge("system.linux.network.speed", "node_network_speed_bytes", "By/s", "Network device property: speed_bytes."),
  gauge("system.linux.network.mtu", "node_network_mtu_bytes", "By", "Network device property: mtu_bytes."),
  gauge(
    "system.linux.network.bonding.members",
    "node_bonding_slaves",
    "{link}",
    "Number of configured slaves per bonding interface.",
  ),
  gauge(
    "system.linux.network.bonding.active",
    "node_bonding_active",
    "{link}",
    "Number of active slaves per bonding interface.",
  ),
  gauge(
    "system.network.conntrack.count",
    "node_nf_conntrack_entries",
    "{entry}",
    "Number of currently allocated flow entries for connection tracking.",
  ),
  gauge(
    "system.network.conntrack.max",
    "node_nf_conntrack_entries_limit",
    "{entry}",
    "Maximum size of connection tracking table.",
  ),
  ...CONNTRACK_STATS.map((stat) =>
    gauge(
      "system.linux.conntrack.stat",
      `node_nf_conntrack_stat_${stat}`,
      "1",
      `Connection tracking statistic ${stat}.`,
      {
        when: { stat },
      },
    ),
  ),
  gauge("system.linux.tcp.established", "node_netstat_Tcp_CurrEstab", "{connection}", "Statistic TcpCurrEstab.", {
    untyped: true,
  }),
  ...SOCKSTAT_FIELDS.map((field) => sockstat(field, field.endsWith("_mem") ? "{page}" : "{socket}")),
  ...NETSTAT_FIELDS.map(netstat),
];

const pressure = (resource: string, kind: string, node: string, what: string): MetricName =>
  counter("system.linux.pressure.time", node, "s", `Total time in seconds that ${what}.`, { when: { resource, kind } });

const KERNEL: readonly MetricName[] = [
  pressure("cpu", "some", "node_pressure_cpu_waiting_seconds_total", "processes have waited for CPU time"),
  pressure("io", "some", "node_pressure_io_waiting_seconds_total", "processes have waited due to IO congestion"),
  pressure(
    "io",
    "full",
    "node_pressure_io_stalled_seconds_total",
    "no process could make progress due to IO congestion",
  ),
  pressure("memory", "some", "node_pressure_memory_waiting_seconds_total", "processes have waited for memory"),
  pressure(
    "memory",
    "full",
    "node_pressure_memory_stalled_seconds_total",
    "no process could make progress due to memory congestion",
  ),
  pressure(
    "irq",
    "full",
    "node_pressure_irq_stalled_seconds_total",
    "no process could make progress due to IRQ congestion",
  ),
  gauge(
    "system.linux.file_descriptor.count",
    "node_filefd_allocated",
    "{file_descriptor}",
    "File descriptor statistics: allocated.",
  ),
  gauge(
    "system.linux.file_descriptor.limit",
    "node_filefd_maximum",
    "{file_descriptor}",
    "File descriptor statistics: maximum.",
  ),
  gauge("system.linux.entropy.available", "node_entropy_available_bits", "bit", "Bits of available entropy."),
  gauge("system.linux.entropy.limit", "node_entropy_pool_size_bits", "bit", "Bits of entropy pool."),
  counter("system.processes.created", "node_forks_total", "{process}", "Total number of forks."),
  gauge("system.linux.processes.running", "node_procs_running", "{process}", "Number of processes in runnable state."),
  gauge(
    "system.linux.processes.blocked",
    "node_procs_blocked",
    "{process}",
    "Number of processes blocked waiting for I/O to complete.",
  ),
  gauge("system.processes.count", "node_processes_state", "{process}", "Number of processes in each state.", {
    rename: { status: "state" },
    values: {
      status: {
        running: "R",
        sleeping: "S",
        blocked: "D",
        zombies: "Z",
        stopped: "T",
        idle: "I",
        tracing: "t",
        dead: "X",
      },
    },
  }),
  gauge("system.linux.processes.limit", "node_processes_max_processes", "{process}", "Number of max PIDs limit."),
  gauge("system.linux.threads.count", "node_processes_threads", "{thread}", "Allocated threads in system."),
  gauge("system.linux.threads.limit", "node_processes_max_threads", "{thread}", "Limit of threads in the system."),
  gauge("system.linux.boot_time", "node_boot_time_seconds", "s", "Node boot time, in unixtime."),
  gauge("system.linux.time", "node_time_seconds", "s", "System time in seconds since epoch (1970)."),
  gauge(
    "system.linux.uname",
    "node_uname_info",
    "1",
    "Labeled system information as provided by the uname system call.",
  ),
  gauge(
    "system.linux.exporter",
    "node_exporter_build_info",
    "1",
    "Which program tells these metrics: dashboards list their hosts by it.",
    {
      rename: { "os.type": "goos", "host.arch": "goarch" },
      add: { revision: "", branch: "", goversion: "", tags: "" },
    },
  ),
  gauge(
    "system.linux.time.synchronized",
    "node_timex_sync_status",
    "1",
    "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
  ),
  gauge(
    "system.linux.time.offset",
    "node_timex_offset_seconds",
    "s",
    "Time offset in between local system and reference clock.",
  ),
  gauge("system.linux.time.error", "node_timex_maxerror_seconds", "s", "Maximum error in seconds."),
  gauge("system.linux.time.estimated_error", "node_timex_estimated_error_seconds", "s", "Estimated error in seconds."),
];

/**
 * One table for two worlds: the OpenTelemetry name that Tocsin uses inside, and the name that node_exporter gives to the
 * same number, which dashboards and alert rules in the field expect. The agent's own `/metrics`, the collector's fleet
 * exposition, and the import of scraped node_exporter series all read it.
 *
 * Names and attributes on the inside: the OpenTelemetry host metrics receiver and semantic conventions (`system.*`); what
 * they do not define is `system.linux.*`. Names outside: node_exporter 1.12 (docs/node-mixin and its collectors).
 *
 * All rows. At most one row for each inner name and `when`, and one for each outer name.
 */
export const METRIC_NAMES: readonly MetricName[] = [
  ...CPU,
  ...MEMORY,
  ...PAGING,
  ...DISK,
  ...FILESYSTEM,
  ...NETWORK,
  ...KERNEL,
  ...HARDWARE,
  ...SERVICES,
];

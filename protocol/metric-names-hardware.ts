import { counter, gauge, type MetricName, type Row } from "./metric-name.ts";

const direction = (value: string): Row => ({ when: { direction: value } });

const hwmon = (otel: string, node: string, unit: string, what: string, row: Row = {}): MetricName =>
  gauge(otel, node, unit, `Hardware monitor for ${what}.`, row);

export const HARDWARE: readonly MetricName[] = [
  gauge(
    "system.cpu.frequency",
    "node_cpu_scaling_frequency_hertz",
    "Hz",
    "Current scaled CPU thread frequency in hertz.",
    {
      prefix: { cpu: "cpu" },
    },
  ),
  counter(
    "system.linux.cpu.throttles",
    "node_cpu_core_throttles_total",
    "{throttle}",
    "Number of times this CPU core has been throttled.",
    {
      prefix: { cpu: "cpu" },
    },
  ),
  counter(
    "system.linux.edac.corrected",
    "node_edac_correctable_errors_total",
    "{error}",
    "Total correctable memory errors.",
  ),
  counter(
    "system.linux.edac.uncorrected",
    "node_edac_uncorrectable_errors_total",
    "{error}",
    "Total uncorrectable memory errors.",
  ),
  hwmon("hw.temperature.limit", "node_hwmon_temp_crit_celsius", "Cel", "temperature (crit)", {
    when: { limit_type: "high.critical" },
  }),
  hwmon("hw.fan.speed", "node_hwmon_fan_rpm", "rpm", "fan revolutions per minute (input)"),
  hwmon("hw.voltage", "node_hwmon_in_volts", "V", "voltage (input)"),
  hwmon("hw.power", "node_hwmon_power_watt", "W", "power usage in watts (input)"),
  gauge("system.linux.raid.blocks", "node_md_blocks", "{block}", "Total number of blocks on device."),
  gauge("system.linux.raid.blocks.synced", "node_md_blocks_synced", "{block}", "Number of blocks synced on device."),
  gauge("hw.temperature", "node_hwmon_temp_celsius", "Cel", "Hardware monitor for temperature (input)."),
  gauge("system.linux.thermal_zone.temperature", "node_thermal_zone_temp", "Cel", "Zone temperature in Celsius"),
  gauge("system.linux.raid.disks", "node_md_disks", "{disk}", "Number of active/failed/spare disks of device."),
  gauge("system.linux.raid.disks.required", "node_md_disks_required", "{disk}", "Total number of disks of device."),
  gauge("system.linux.raid.state", "node_md_state", "1", "Indicates the state of md-device."),
];

export const SERVICES: readonly MetricName[] = [
  gauge(
    "system.linux.nfsd.threads",
    "node_nfsd_server_threads",
    "{thread}",
    "Total number of NFSd kernel threads that are running.",
  ),
  counter("system.linux.nfsd.io", "node_nfsd_disk_bytes_read_total", "By", "Total NFSd bytes read.", direction("read")),
  counter(
    "system.linux.nfsd.io",
    "node_nfsd_disk_bytes_written_total",
    "By",
    "Total NFSd bytes written.",
    direction("write"),
  ),
  counter("system.linux.nfsd.rpc.calls", "node_nfsd_server_rpcs_total", "{call}", "Total number of NFSd RPCs."),
  counter(
    "system.linux.nfsd.rpc.errors",
    "node_nfsd_rpc_errors_total",
    "{error}",
    "Total number of NFSd RPC errors by error type.",
  ),
  gauge(
    "system.linux.textfile.error",
    "node_textfile_scrape_error",
    "1",
    "1 if there was an error opening or reading a file, 0 otherwise",
  ),
  gauge(
    "system.linux.textfile.mtime",
    "node_textfile_mtime_seconds",
    "s",
    "Unixtime mtime of textfiles successfully read.",
  ),
  gauge("systemd.units", "node_systemd_units", "{unit}", "Summary of systemd unit states"),
  gauge("systemd.unit.state", "node_systemd_unit_state", "1", "Systemd unit"),
  counter(
    "systemd.service.restarts",
    "node_systemd_service_restart_total",
    "{restart}",
    "Service unit count of Restart triggers",
  ),
  counter("system.linux.nfs.requests", "node_nfs_requests_total", "{request}", "Number of NFS procedures invoked."),
  counter(
    "system.linux.nfs.rpc.retransmissions",
    "node_nfs_rpc_retransmissions_total",
    "{retransmission}",
    "Number of RPC transmissions performed.",
  ),
  counter("system.linux.nfs.rpc.calls", "node_nfs_rpcs_total", "{call}", "Total number of RPCs performed."),
];

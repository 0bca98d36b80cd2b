import { expect, test } from "vitest";
import { METRIC_NAMES } from "./metric-names.ts";
import { fromNodeExporter, toNodeExporter } from "./node-exporter-name.ts";

const disk = { device: "/dev/sda1", mountpoint: "/", type: "ext4", mode: "rw" };

test.for<[string, string, Record<string, string>, string, Record<string, string>]>([
  [
    "a mode that is spelled differently, a CPU by its bare number",
    "system.cpu.time",
    { cpu: "cpu3", state: "wait" },
    "node_cpu_seconds_total",
    { cpu: "3", mode: "iowait" },
  ],
  [
    "a direction becomes part of the name",
    "system.disk.io",
    { device: "sda", direction: "write" },
    "node_disk_written_bytes_total",
    { device: "sda" },
  ],
  [
    "a mount loses its mode and gains device_error",
    "system.filesystem.usage",
    { ...disk, state: "free" },
    "node_filesystem_avail_bytes",
    { device: "/dev/sda1", mountpoint: "/", fstype: "ext4", device_error: "" },
  ],
  [
    "a field of meminfo with brackets",
    "system.linux.memory.meminfo",
    { field: "Active(anon)" },
    "node_memory_Active_anon_bytes",
    {},
  ],
  [
    "hugepages are counted, not bytes",
    "system.linux.memory.meminfo",
    { field: "HugePages_Total" },
    "node_memory_HugePages_Total",
    {},
  ],
])("%s", ([, otel, attributes, node, labels]) => {
  expect(toNodeExporter(otel, attributes)).toMatchObject({ name: node, labels });
});

test.for<[string, string, Record<string, string>]>([
  ["a state that node_exporter does not show", "system.filesystem.usage", { ...disk, state: "reserved" }],
  ["a name of ours only", "tocsin.agent.spool.size", {}],
  ["an attribute that would be found on Object.prototype", "constructor", {}],
])("is not covered: %s", ([, otel, attributes]) => {
  expect(toNodeExporter(otel, attributes)).toBeNull();
});

test("every row comes back from outside as it went in, except what has no label there", () => {
  for (const row of METRIC_NAMES) {
    const attributes: Record<string, string> = { ...row.when };
    for (const [attribute, values] of Object.entries(row.values ?? {})) attributes[attribute] = Object.keys(values)[0]!;
    for (const [attribute, prefix] of Object.entries(row.prefix ?? {})) attributes[attribute] = `${prefix}7`;
    for (const attribute of Object.keys(row.rename ?? {})) attributes[attribute] ??= "x";
    const outside = toNodeExporter(row.otel, attributes);
    expect(outside?.row, row.node).toBe(row);
    expect(fromNodeExporter(outside!.name, outside!.labels)).toMatchObject({ name: row.otel, labels: attributes });
  }
});

test("no name stands twice outside, and no inner name has two rows for the same attributes", () => {
  expect(new Set(METRIC_NAMES.map((row) => row.node)).size).toBe(METRIC_NAMES.length);
  expect(new Set(METRIC_NAMES.map((row) => `${row.otel} ${JSON.stringify(row.when ?? {})}`)).size).toBe(
    METRIC_NAMES.length,
  );
});

/** docs/node-mixin of node_exporter, without Darwin's memory fields and what only the exporter itself has. */
test.for<[string]>([
  ["node_bonding_active"],
  ["node_bonding_slaves"],
  ["node_cpu_seconds_total"],
  ["node_disk_io_time_seconds_total"],
  ["node_disk_io_time_weighted_seconds_total"],
  ["node_disk_read_bytes_total"],
  ["node_disk_written_bytes_total"],
  ["node_filefd_allocated"],
  ["node_filefd_maximum"],
  ["node_filesystem_avail_bytes"],
  ["node_filesystem_files"],
  ["node_filesystem_files_free"],
  ["node_filesystem_readonly"],
  ["node_filesystem_size_bytes"],
  ["node_load1"],
  ["node_load15"],
  ["node_load5"],
  ["node_md_disks"],
  ["node_md_disks_required"],
  ["node_memory_Buffers_bytes"],
  ["node_memory_Cached_bytes"],
  ["node_memory_MemAvailable_bytes"],
  ["node_memory_MemFree_bytes"],
  ["node_memory_MemTotal_bytes"],
  ["node_memory_Slab_bytes"],
  ["node_network_receive_bytes_total"],
  ["node_network_receive_drop_total"],
  ["node_network_receive_errs_total"],
  ["node_network_receive_packets_total"],
  ["node_network_transmit_bytes_total"],
  ["node_network_transmit_drop_total"],
  ["node_network_transmit_errs_total"],
  ["node_network_transmit_packets_total"],
  ["node_nf_conntrack_entries"],
  ["node_nf_conntrack_entries_limit"],
  ["node_systemd_service_restart_total"],
  ["node_systemd_unit_state"],
  ["node_time_seconds"],
  ["node_timex_maxerror_seconds"],
  ["node_timex_offset_seconds"],
  ["node_timex_sync_status"],
  ["node_uname_info"],
  ["node_vmstat_pgmajfault"],
])("the node mixin's %s is covered", ([name]) => {
  expect(METRIC_NAMES.some((row) => row.node === name)).toBe(true);
});

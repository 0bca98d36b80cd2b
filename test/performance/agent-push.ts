import { gzipSync } from "node:zlib";
import { encodePointAttributes, type OtlpMetric, OtlpMetricsWriter } from "../../protocol/otlp-write.ts";

/** What agents send: so many series each, cores with their states and disks, as an agent names them. */
export class AgentPushes {
  private readonly metrics: readonly OtlpMetric[];

  constructor(seriesAHost: number) {
    this.metrics = series(seriesAHost);
  }

  /** One request's body, gzipped; every value is another each time. */
  body(host: number, at: number): Buffer {
    for (const metric of this.metrics)
      for (const each of metric.points) {
        each.at = at;
        each.value = Math.random() * 1e9;
      }
    const resource = {
      "service.name": "tocsin-agent",
      "service.instance.id": `agent-${host}`,
      "host.name": `host-${host}`,
      "tocsin.ci": `host-${host}`,
    };
    const writer = new OtlpMetricsWriter({ resource, scope: { name: "tocsin-agent", version: "0.1.0" } });
    return gzipSync(writer.write(this.metrics), { level: 1 });
  }
}

function series(count: number): OtlpMetric[] {
  const states = ["user", "nice", "system", "idle", "wait", "interrupt", "softirq", "steal"];
  const point = (attributes: Record<string, string>) => ({
    attributes: encodePointAttributes(attributes),
    value: 0,
    at: 0,
    startedAt: 0,
  });
  const cpu = ["0", "1", "2", "3"].flatMap((core) =>
    states.map((state) => point({ "cpu.logical_number": core, "cpu.mode": state })),
  );
  const made: OtlpMetric[] = [{ name: "system.cpu.time", type: "counter", unit: "s", points: cpu }];
  for (let index = 0; 32 + index * 2 < count; index++)
    made.push({
      name: `system.metric.${index}`,
      type: "gauge",
      unit: "By",
      points: ["sda", "sdb"].map((device) => point({ device, direction: "read" })),
    });
  return made;
}

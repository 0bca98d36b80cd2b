import { expect, test } from "vitest";
import { registerRemoteWrite } from "../../../collector/ingest/remote-write/register.ts";
import { apiBench } from "../../support/api-bench.ts";
import { encodeWriteRequest2, symbolise } from "../../support/remote-write.ts";
import { snappyEncode } from "../../support/snappy.ts";

const V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

test("written exemplars are kept, and shown where the written series are asked for", async () => {
  const bench = await apiBench({ ingest: [registerRemoteWrite] });
  const at = bench.clock.now();
  const { symbols, refs } = symbolise([
    { __name__: "jobs_total", instance: "web-01:9100" },
    { __name__: "unheard_total", instance: "web-01:9100" },
    { trace_id: "abc" },
  ]);
  const exemplars = [{ labels_refs: refs[2], value: 2, timestamp: at }];
  const answer = await bench.call("POST", "/api/v1/write", {
    raw: snappyEncode(
      encodeWriteRequest2({
        symbols,
        timeseries: [
          { labels_refs: refs[0], samples: [{ value: 5, timestamp: at }], metadata: { type: 1 } },
          { labels_refs: refs[0], exemplars, metadata: { type: 1 } },
          { labels_refs: refs[1], exemplars, metadata: { type: 1 } },
        ],
      }),
    ),
    headers: { "content-type": V2, "content-encoding": "snappy", "x-prometheus-remote-write-version": "2.0.0" },
  });
  expect(answer.status).toBe(204);
  expect(answer.headers["x-prometheus-remote-write-exemplars-written"]).toBe("1");
  expect(bench.telemetry.counts.get("tocsin_ingest_dropped_total{adapter=remoteWrite,reason=exemplarNotKept}")).toBe(1);

  const accept = { headers: { accept: "application/openmetrics-text" } };
  expect((await bench.call("GET", "/metrics/agents", accept)).text).not.toContain("jobs_total");
  const line = `jobs_total{instance="web-01:9100",ci="web-01"} 5 # {trace_id="abc"} 2 ${at / 1000}\n`;
  for (const path of ["/metrics/agents", "/metrics/agents/web-01"])
    expect((await bench.call("GET", `${path}?source=remote-write`, accept)).text).toContain(line);
  expect((await bench.call("GET", "/metrics/agents/web-01?source=otlp", accept)).status).toBe(404);
  const [series] = (await bench.call("GET", "/api/v1/series?ci=web-01&name=jobs_total")).json.items;
  expect(series.exemplar).toEqual({ labels: { trace_id: "abc" }, value: 2, at: new Date(at).toISOString() });
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bareServer, RecordingPorts } from "../../../test/support/bare-ingest.ts";
import { mutatedJson } from "../../../test/support/mutation.ts";
import { registerAlertmanager } from "./register.ts";

const ALERTS = [
  {
    labels: { alertname: "A", instance: "web-01:9100", severity: "page" },
    annotations: { summary: "slow" },
    startsAt: "2026-03-01T09:55:00.123Z",
    endsAt: "2026-03-01T10:04:00.000Z",
    generatorURL: "http://prometheus/graph",
  },
  { labels: { alertname: "B" } },
];
const SILENCE = {
  matchers: [{ name: "alertname", value: "A|B", isRegex: true, isEqual: true }],
  startsAt: "2026-03-01T10:00:00.000Z",
  endsAt: "2026-03-01T11:00:00.000Z",
  createdBy: "ann",
  comment: "c",
};

function bench() {
  const ports = new RecordingPorts();
  const app = bareServer((server) =>
    registerAlertmanager(server, ports, {
      facts: { name: "c1", address: "127.0.0.1:8430", version: "0.1.0", startedAt: 0 },
    }),
  );
  return { ports, app };
}

test.for<[path: string, good: unknown]>([
  ["/api/v2/alerts", ALERTS],
  ["/api/v2/silences", SILENCE],
])(
  "mutations of good traffic to %s are taken or refused with a JSON string, never a fault of ours",
  async ([url, good]) => {
    const { app, ports } = bench();
    await fc.assert(
      fc.asyncProperty(mutatedJson(good), async (payload) => {
        const answer = await app.inject({ method: "POST", url, payload });
        expect([200, 400, 404]).toContain(answer.statusCode);
        if (answer.statusCode !== 200) expect(typeof JSON.parse(answer.body)).toBe("string");
      }),
      { numRuns: 400 },
    );
    expect(({} as { polluted?: true }).polluted).toBeUndefined();
    for (const path of ["/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/silences"]) {
      const answer = await app.inject(path);
      expect(answer.statusCode).toBe(200);
      JSON.parse(answer.body);
    }
    for (const event of ports.events) expect(event.labels).not.toHaveProperty("__proto__.polluted");
  },
);

test("any query is answered or refused", async () => {
  const { app } = bench();
  await app.inject({ method: "POST", url: "/api/v2/alerts", payload: ALERTS });
  const name = fc.constantFrom("filter", "receiver", "active", "silenced", "receiver_matchers", "muted", "x");
  const value = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...Array.from("a=~!\"\\{},(|[.*+ '`")), maxLength: 20 }),
  );
  const path = fc.constantFrom("alerts", "alerts/groups", "silences", "receivers", "status", "silence/x");
  await fc.assert(
    fc.asyncProperty(path, fc.array(fc.tuple(name, value), { maxLength: 4 }), async (where, parameters) => {
      const query = parameters.map(([key, text]) => `${key}=${encodeURIComponent(text.toWellFormed())}`).join("&");
      const answer = await app.inject(`/api/v2/${where}?${query}`);
      expect([200, 400, 404]).toContain(answer.statusCode);
      JSON.parse(answer.body);
    }),
    { numRuns: 400 },
  );
});

import { expect, test } from "vitest";
import { type EmulatedAnswer, type EmulatedRequest, withEmulator } from "../../../../test/support/foreign-emulator.ts";
import { cmdbFromGlpi } from "./source.ts";

const ITEMS: Record<string, object[]> = {
  Computer: [
    { id: 1, name: "web-01", computertypes_id: "Virtual machine", serial: "S1", groups_id_tech: "team-web" },
    { id: 2, name: "db-1", computertypes_id: "Server", groups_id_tech: "&nbsp;", locations_id: "&nbsp;" },
    { id: 3, name: "Standard laptop", is_template: 1 },
  ],
  NetworkEquipment: [{ id: 1, name: "fw-1", networkequipmenttypes_id: "Firewall" }],
  ImpactRelation: [
    { id: 1, itemtype_source: "Computer", items_id_source: 2, itemtype_impacted: "Computer", items_id_impacted: 1 },
    { id: 2, itemtype_source: "Ticket", items_id_source: 9, itemtype_impacted: "Computer", items_id_impacted: 1 },
  ],
};

function glpi({ path, headers, query }: EmulatedRequest): EmulatedAnswer | undefined {
  const what = path.replace("/apirest.php/", "");
  if (headers["app-token"] !== "app") return { status: 400, body: ["ERROR_APP_TOKEN_PARAMETERS_MISSING", ""] };
  if (what === "initSession")
    return headers.authorization === "user_token u"
      ? { body: { session_token: "s" } }
      : { status: 401, body: ["ERROR_GLPI_LOGIN", ""] };
  if (headers["session-token"] !== "s") return { status: 401, body: ["ERROR_SESSION_TOKEN_INVALID", ""] };
  if (what === "killSession") return { body: "" };
  const all = ITEMS[what] ?? [];
  const [from = 0, to = 0] = (query.get("range") ?? "").split("-").map(Number);
  return { body: all.slice(from, to + 1), headers: { "content-range": `${from}-${to}/${all.length}` } };
}

test("items and the impact analysis, in a session that is ended", async () => {
  await withEmulator(glpi, async (emulator) => {
    const api = emulator.api({}, `${emulator.url}/apirest.php`);
    const { document, left } = await cmdbFromGlpi(api, { userToken: "u", appToken: "app" });
    expect(document.cis.map(({ id, type, owner, labels }) => [id, type, owner, labels])).toEqual([
      ["db-1", "host", undefined, { glpi_type: "Computer" }],
      ["fw-1", "firewall", undefined, { glpi_type: "NetworkEquipment" }],
      ["web-01", "vm", "team-web", { glpi_type: "Computer" }],
    ]);
    expect(document.relations).toEqual([{ from: "web-01", type: "dependsOn", to: "db-1" }]);
    expect(left).toEqual({ template: 1, relationToNothing: 1 });
    expect(emulator.requests.at(-1)?.path).toBe("/apirest.php/killSession");
    await expect(cmdbFromGlpi(api, { userToken: "wrong", appToken: "app" })).rejects.toThrow("answered 401");
  });
});

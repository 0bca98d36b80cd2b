import { expect, test } from "vitest";
import { type EmulatedRequest, withEmulator } from "../../../../test/support/foreign-emulator.ts";
import { cmdbFromItop } from "./source.ts";

const object = (itopClass: string, key: string, fields: object): object => ({
  code: 0,
  message: "",
  class: itopClass,
  key,
  fields,
});

/** One address for everything; 200 also for what failed. */
function itop({ path, body }: EmulatedRequest): { body: unknown } | undefined {
  if (path !== "/webservices/rest.php") return undefined;
  const form = new URLSearchParams(body);
  if (form.get("auth_user") !== "u" || form.get("auth_pwd") !== "p")
    return { body: { code: 1, message: "Error: Invalid login" } };
  const { operation } = JSON.parse(form.get("json_data") ?? "{}") as { operation?: string };
  if (operation === "core/get")
    return {
      body: {
        code: 0,
        objects: {
          "Server::1": object("Server", "1", {
            name: "web-01",
            managementip: "10.0.3.7",
            business_criticity: "high",
            organization_name: "Shop Ltd",
          }),
          "VirtualMachine::2": object("VirtualMachine", "2", { name: "app-01" }),
          "Server::3": object("Server", "3", { name: "old", status: "obsolete" }),
        },
      },
    };
  return {
    body: {
      code: 0,
      relations: { "Server::1": [{ key: "VirtualMachine::2" }, { key: "Server::3" }] },
    },
  };
}

test("functional CIs, and what impacts what", async () => {
  const { document, left } = await withEmulator(itop, (emulator) =>
    cmdbFromItop(emulator.api(), { username: "u", password: "p" }),
  );
  expect(document.cis).toEqual([
    {
      id: "app-01",
      type: "vm",
      name: "app-01",
      aliases: ["VirtualMachine::2"],
      labels: { itop_class: "VirtualMachine" },
    },
    {
      id: "web-01",
      type: "host",
      name: "web-01",
      aliases: ["10.0.3.7", "Server::1"],
      labels: { itop_class: "Server" },
      owner: "Shop Ltd",
      criticality: 1,
    },
  ]);
  expect(document.relations).toEqual([{ from: "app-01", type: "dependsOn", to: "web-01" }]);
  expect(left).toEqual({ retired: 1, relationToNothing: 1 });
});

test.each([
  { name: "a page at a time", pages: true, count: 1200, requests: 3 },
  { name: "as many as pages are large", pages: true, count: 1000, requests: 3 },
  { name: "at once, by a version that does not know pages", pages: false, count: 1200, requests: 1 },
  { name: "at once, and just as many as a page", pages: false, count: 500, requests: 2 },
])("CIs come $name", async ({ pages, count, requests }) => {
  const all = Array.from({ length: count }, (_, id) => [
    `Server::${id}`,
    object("Server", String(id), { name: `h-${id}` }),
  ]);
  let gets = 0;
  const answer = ({ body }: EmulatedRequest): { body: unknown } => {
    const asked = JSON.parse(new URLSearchParams(body).get("json_data") ?? "{}") as Record<string, string | number>;
    if (asked["operation"] !== "core/get") return { body: { code: 0, relations: {} } };
    gets += 1;
    const [limit, page] = [Number(asked["limit"]), Number(asked["page"])];
    const found = pages ? all.slice(limit * (page - 1), limit * page) : all;
    return { body: { code: 0, objects: found.length === 0 ? null : Object.fromEntries(found) } };
  };
  const { document, left } = await withEmulator(answer, (emulator) => cmdbFromItop(emulator.api(), { token: "t" }));
  expect([document.cis.length, gets, left]).toEqual([count, requests, {}]);
});

test("an error that comes with 200 is told", async () => {
  await withEmulator(itop, async (emulator) => {
    await expect(cmdbFromItop(emulator.api(), { token: "x" })).rejects.toThrow("iTop answered: Error: Invalid login");
  });
});

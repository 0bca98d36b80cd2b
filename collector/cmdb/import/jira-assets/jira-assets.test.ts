import { expect, test } from "vitest";
import { type EmulatedRequest, withEmulator } from "../../../../test/support/foreign-emulator.ts";
import { cmdbFromJiraAssets } from "./source.ts";

const attribute = (name: string, ...values: object[]): object => ({
  objectTypeAttribute: { name },
  objectAttributeValues: values,
});
const refer = (objectKey: string, label: string): object => ({
  referencedObject: { objectKey, label },
  displayValue: label,
});
const OBJECTS = [
  {
    id: "1",
    objectKey: "IT-1",
    label: "web-01",
    objectType: { name: "Virtual Machine" },
    attributes: [
      attribute("Name", { value: "web-01" }),
      attribute("FQDN", { value: "web-01.example.net" }),
      attribute("Runs on", refer("IT-2", "esx-1")),
      attribute("Support Group", refer("IT-9", "team-web")),
      attribute("Mood", refer("IT-2", "esx-1")),
    ],
  },
  { id: "2", objectKey: "IT-2", label: "esx-1", objectType: { name: "Hypervisor" }, attributes: [] },
  {
    id: "3",
    objectKey: "IT-3",
    label: "Shop",
    objectType: { name: "Business Service" },
    attributes: [
      attribute("Depends on", refer("IT-1", "web-01"), refer("IT-77", "gone")),
      attribute("Owner", refer("IT-9", "ann")),
    ],
  },
];

/** Searches in pages that `startAt` and `maxResults` cut, and that `isLast` ends. */
function assets({ method, path, query, body }: EmulatedRequest): { body: unknown } | undefined {
  if (
    method !== "POST" ||
    path !== "/object/aql" ||
    (JSON.parse(body) as { qlQuery?: string }).qlQuery !== "objectSchema = IT"
  )
    return undefined;
  const from = Number(query.get("startAt"));
  // Pages are smaller here than what is asked for would allow.
  const page = from === 0 ? OBJECTS.slice(0, 2) : OBJECTS.slice(from);
  return { body: { startAt: from, isLast: from > 0, values: page } };
}

test("objects, and references by the names of their attributes", async () => {
  const { document, left } = await withEmulator(assets, (emulator) =>
    cmdbFromJiraAssets(emulator.api(), "objectSchema = IT"),
  );
  expect(document.cis).toEqual([
    { id: "esx-1", type: "hypervisor", name: "esx-1", aliases: ["IT-2"], labels: { assets_type: "Hypervisor" } },
    {
      id: "shop",
      type: "businessService",
      name: "Shop",
      aliases: ["IT-3"],
      labels: { assets_type: "Business Service" },
      owner: "ann",
    },
    {
      id: "web-01",
      type: "vm",
      name: "web-01",
      aliases: ["web-01.example.net", "IT-1"],
      labels: { assets_type: "Virtual Machine" },
      owner: "team-web",
    },
  ]);
  expect(document.relations).toEqual([
    { from: "shop", type: "dependsOn", to: "web-01" },
    { from: "web-01", type: "runsOn", to: "esx-1" },
  ]);
  expect(left).toEqual({
    "attribute Support Group": 1,
    "attribute Mood": 1,
    relationWithoutFlow: 1,
    relationToNothing: 1,
  });
});

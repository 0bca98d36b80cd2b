import { expect, test } from "vitest";
import { type EmulatedAnswer, withEmulator } from "../support/foreign-emulator.ts";
import { cmdbFromBmc } from "../../collector/cmdb/import/bmc/source.ts";
import { type ForeignApi, ForeignFault } from "../../collector/cmdb/import/foreign-api.ts";
import { cmdbFromFreshservice } from "../../collector/cmdb/import/freshservice/source.ts";
import { cmdbFromGlpi } from "../../collector/cmdb/import/glpi/source.ts";
import { cmdbFromItop } from "../../collector/cmdb/import/itop/source.ts";
import { cmdbFromJiraAssets } from "../../collector/cmdb/import/jira-assets/source.ts";
import { kubernetesObjects } from "../../collector/cmdb/import/kubernetes/objects.ts";
import { cmdbFromNetBox } from "../../collector/cmdb/import/netbox/source.ts";
import { cmdbFromServiceNow } from "../../collector/cmdb/import/servicenow/source.ts";

const MANY = 999_999_999;

interface Source {
  name: string;
  read: (api: ForeignApi) => Promise<unknown>;
  /** A page of the first list, on which it says that there is more. */
  page: (number: number) => EmulatedAnswer;
}

const ids = (page: number, count = 2): string[] =>
  Array.from({ length: count }, (_, index) => `${page}${String(index).padStart(4, "0")}`);

const SOURCES: readonly Source[] = [
  {
    name: "NetBox",
    read: (api) => cmdbFromNetBox(api),
    page: (number) => ({ body: { next: "http://x/more", results: ids(number).map((id) => ({ id, name: id })) } }),
  },
  {
    name: "Jira Assets",
    read: (api) => cmdbFromJiraAssets(api, "objectType = Host"),
    page: (number) => ({ body: { isLast: false, values: ids(number).map((id) => ({ id, objectKey: `H-${id}` })) } }),
  },
  {
    name: "ServiceNow",
    read: (api) => cmdbFromServiceNow(api),
    page: (number) => ({
      headers: { "x-total-count": String(MANY) },
      body: { result: ids(number).map((id) => ({ sys_id: id, name: id })) },
    }),
  },
  {
    name: "GLPI",
    read: (api) => cmdbFromGlpi(api, { userToken: "t" }),
    page: (number) => ({
      headers: { "content-range": `0-499/${MANY}` },
      body: ids(number).map((id) => ({ id, name: id })),
    }),
  },
  {
    name: "Kubernetes",
    read: (api) => kubernetesObjects(api),
    page: (number) => ({
      body: { metadata: { continue: `more-${number}` }, items: ids(number).map((uid) => ({ metadata: { uid } })) },
    }),
  },
  {
    name: "Freshservice",
    read: (api) => cmdbFromFreshservice(api),
    page: (number) => ({
      headers: { link: '<https://x/more>; rel="next"' },
      body: { asset_types: ids(number).map((id) => ({ id, name: id })) },
    }),
  },
  {
    name: "BMC Helix",
    read: (api) => cmdbFromBmc(api, "BMC.ASSET"),
    page: (number) => ({ body: { instances: ids(number).map((id) => ({ instance_id: id })) } }),
  },
  {
    name: "iTop",
    read: (api) => cmdbFromItop(api, { token: "t" }),
    page: (number) => ({
      body: { code: 0, objects: Object.fromEntries(ids(number, 500).map((id) => [`Server::${id}`, { key: id }])) },
    }),
  },
];

/** So much patience has the test; a reader that goes on gets an error then, which is not the one that it waits for. */
const ANSWERS_MAX = 30;

async function readEndless({ read }: Source, page: (asked: number) => EmulatedAnswer): Promise<number> {
  let asked = 0;
  const answer = ({ path }: { path: string }): EmulatedAnswer => {
    if (path === "/initSession") return { body: { session_token: "s" } };
    if (path === "/killSession") return { body: {} };
    asked += 1;
    return asked > ANSWERS_MAX ? { status: 500, body: "the test has had enough" } : page(asked);
  };
  await withEmulator(answer, async (emulator) => {
    const reading = read(emulator.api());
    await expect(reading).rejects.toThrow(ForeignFault);
    await expect(reading).rejects.toThrow(/the source repeats itself: page \d+ of \S+ is as page \d+/);
  });
  return asked;
}

test.for(SOURCES)(
  "$name: a source that gives its two pages in turn, and always says more, has an end",
  async (source) => {
    expect(await readEndless(source, (asked) => source.page(1 + (asked % 2)))).toBeLessThanOrEqual(5);
  },
);

// The others take the same page again for the answer of one that knows no pages: that is all there is.
const PAGED = new Set(["NetBox", "Jira Assets", "ServiceNow", "GLPI", "Kubernetes"]);
test.for(SOURCES.filter(({ name }) => PAGED.has(name)))(
  "$name: a source that gives the same page again, and always says more, has an end",
  async (source) => {
    expect(await readEndless(source, () => source.page(1))).toBeLessThanOrEqual(3);
  },
);

test("Kubernetes: empty pages that go on where they were asked to have an end", async () => {
  const page = { body: { metadata: { continue: "more" }, items: [] } };
  let left = ANSWERS_MAX;
  const answer = (): EmulatedAnswer => (left-- > 0 ? page : { status: 500, body: "the test has had enough" });
  await withEmulator(answer, async (emulator) => {
    await expect(kubernetesObjects(emulator.api())).rejects.toThrow(
      "the source repeats itself: page 2 of /api/v1/nodes",
    );
  });
});

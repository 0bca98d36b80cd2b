import { bmcToken, cmdbFromBmc } from "../cmdb/import/bmc/source.ts";
import { cmdbFromCsv } from "../cmdb/import/csv/source.ts";
import type { ForeignCmdb } from "../cmdb/import/draft.ts";
import { cmdbFromFreshservice } from "../cmdb/import/freshservice/source.ts";
import { cmdbFromGlpi } from "../cmdb/import/glpi/source.ts";
import { cmdbFromItop } from "../cmdb/import/itop/source.ts";
import { cmdbFromJiraAssets } from "../cmdb/import/jira-assets/source.ts";
import { kubernetesObjects, objectsOfList } from "../cmdb/import/kubernetes/objects.ts";
import { cmdbFromKubernetes } from "../cmdb/import/kubernetes/source.ts";
import { cmdbFromNetBox } from "../cmdb/import/netbox/source.ts";
import type { RowCache } from "../cmdb/import/row-cache.ts";
import { cmdbFromServiceNow } from "../cmdb/import/servicenow/source.ts";
import { cmdbFromTerraform } from "../cmdb/import/terraform/source.ts";
import {
  api,
  basic,
  fileJson,
  fileText,
  flagText,
  type ImportCall,
  needed,
  oneFile,
  secret,
  UsageFault,
} from "./import-call.ts";

interface CmdbSourceEntry {
  usage: string;
  /** It can ask for what has changed: `--state`. */
  hasState?: true;
  read: (call: ImportCall, cache: RowCache | undefined) => Promise<ForeignCmdb>;
}

/** NetBox's newer tokens say what they are; older ones are sent as `Token`. */
const netBoxToken = (token: string): string => (token.startsWith("nbt_") ? `Bearer ${token}` : `Token ${token}`);

async function fromKubernetes(call: ImportCall): Promise<ForeignCmdb> {
  const cluster = flagText(call, "cluster") ?? "kubernetes";
  const objects =
    call.files.length > 0
      ? objectsOfList(fileJson(oneFile(call)))
      : await kubernetesObjects(api(call, { authorization: `Bearer ${secret(call)}` }));
  return cmdbFromKubernetes(objects, cluster);
}

/** What can be imported, by the name on the command line: how each is asked, and with which flags. */
export const CMDB_SOURCES: Readonly<Record<string, CmdbSourceEntry>> = {
  csv: {
    usage: "CIS.csv [RELATIONS.csv]",
    read: async ({ files }) => {
      const [cis, relations, ...more] = files;
      if (cis === undefined || more.length > 0)
        throw new UsageFault("name the file of CIs, and perhaps that of relations");
      const file = (name: string) => ({ name, text: fileText(name) });
      return cmdbFromCsv(file(cis), relations === undefined ? undefined : file(relations));
    },
  },
  servicenow: {
    usage: "--url https://X.service-now.com --username U --secret-file F [--table cmdb_ci] [--query Q]",
    hasState: true,
    read: (call, cache) => {
      const [table, query] = [flagText(call, "table"), flagText(call, "query")];
      return cmdbFromServiceNow(api(call, basic(needed(call, "username"), secret(call))), {
        ...(table === undefined ? {} : { table }),
        ...(query === undefined ? {} : { query }),
        ...(cache === undefined ? {} : { cache }),
      });
    },
  },
  netbox: {
    usage: "--url https://netbox.example.net --secret-file F",
    hasState: true,
    read: (call, cache) => cmdbFromNetBox(api(call, { authorization: netBoxToken(secret(call)) }), cache),
  },
  kubernetes: {
    usage: "[FILE | - | --url https://API:6443 --secret-file F] [--cluster NAME]",
    read: fromKubernetes,
  },
  terraform: {
    usage: "FILE | -     what `terraform show -json` prints",
    read: async (call) => cmdbFromTerraform(fileJson(oneFile(call))),
  },
  "jira-assets": {
    usage: "--url https://api.atlassian.com/jsm/assets/workspace/ID/v1 --username U --secret-file F [--query AQL]",
    hasState: true,
    read: (call, cache) =>
      cmdbFromJiraAssets(
        api(call, basic(needed(call, "username"), secret(call))),
        flagText(call, "query") ?? "objectId > 0",
        cache,
      ),
  },
  freshservice: {
    usage: "--url https://X.freshservice.com --secret-file F",
    hasState: true,
    read: (call, cache) => cmdbFromFreshservice(api(call, basic(secret(call), "X")), cache),
  },
  bmc: {
    usage: "--url https://bmc.example.net --username U --secret-file F [--dataset BMC.ASSET]",
    hasState: true,
    read: async (call, cache) => {
      const token = await bmcToken(needed(call, "url"), needed(call, "username"), secret(call));
      return cmdbFromBmc(
        api(call, { authorization: `AR-JWT ${token}` }),
        flagText(call, "dataset") ?? "BMC.ASSET",
        cache,
      );
    },
  },
  itop: {
    usage: "--url https://itop.example.net [--username U] --secret-file F    without U the secret is a token",
    read: (call) => {
      const username = flagText(call, "username");
      const login = username === undefined ? { token: secret(call) } : { username, password: secret(call) };
      return cmdbFromItop(api(call, {}), login);
    },
  },
  glpi: {
    usage: "--url https://glpi.example.net/apirest.php --secret-file F [--app-token-file F]",
    hasState: true,
    read: (call, cache) => {
      const file = flagText(call, "app-token-file");
      const appToken = file === undefined ? undefined : fileText(file).trim();
      return cmdbFromGlpi(api(call, {}), { userToken: secret(call), appToken }, cache);
    },
  },
};

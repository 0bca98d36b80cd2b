import { CmdbDraft, type ForeignCmdb } from "../draft.ts";
import { type ForeignApi, ForeignFault } from "../foreign-api.ts";
import { at, entryOf, textAt } from "../foreign-value.ts";
import { PageWatch } from "../page-watch.ts";
import { typeOfName } from "../relation-word.ts";

/** Who asks: iTop takes name and password, or a token, in the form. */
export type ItopLogin = { username: string; password: string } | { token: string };

/** One operation; iTop answers 200 also when it failed, and says so in `code`. */
async function operation(api: ForeignApi, login: ItopLogin, data: object): Promise<unknown> {
  const credentials: Record<string, string> =
    "token" in login ? { auth_token: login.token } : { auth_user: login.username, auth_pwd: login.password };
  const { body } = await api.send({
    path: "/webservices/rest.php?version=1.3",
    form: { ...credentials, json_data: JSON.stringify(data) },
  });
  if (at(body, "code") !== 0) throw new ForeignFault(`iTop answered: ${textAt(body, "message") ?? "an error"}`);
  return body;
}

const entries = (value: unknown): [string, unknown][] =>
  typeof value === "object" && value !== null ? Object.entries(value) : [];

/** Every field of five hundred CIs; all at once exhaust the memory that PHP may use. */
const PAGE = 500;

/**
 * All functional CIs, a page at a time.
 *
 * @see https://github.com/Combodo/iTop, core/restservices.class.inc.php: `limit` and `page` of core/get. Versions before them
 * give everything at once, whatever the page.
 */
async function* functionalCis(api: ForeignApi, login: ItopLogin): AsyncGenerator<[key: string, object: unknown]> {
  let before: string | undefined;
  const watch = new PageWatch("FunctionalCI");
  for (let page = 1; ; page += 1) {
    const answer = await operation(api, login, {
      operation: "core/get",
      class: "FunctionalCI",
      key: "SELECT FunctionalCI",
      output_fields: "*+",
      limit: PAGE,
      page,
    });
    const objects = entries(at(answer, "objects"));
    const first = objects[0]?.[0];
    if (first === undefined || first === before) return;
    before = first;
    watch.take(objects);
    yield* objects;
    if (objects.length !== PAGE) return;
  }
}

const CRITICALITY: Readonly<Record<string, number>> = { high: 1, medium: 2, low: 3 };

/** Functional CIs of an iTop, and what impacts what: when A impacts B, B needs A. */
export async function cmdbFromItop(api: ForeignApi, login: ItopLogin): Promise<ForeignCmdb> {
  const draft = new CmdbDraft();
  for await (const [key, object] of functionalCis(api, login)) {
    const itopClass = textAt(object, "class") ?? key.split("::", 1)[0] ?? "";
    if (/^(?:obsolete|stock)$/.test(textAt(object, "fields", "status") ?? "")) {
      draft.leave("retired");
      continue;
    }
    draft.add({
      key: `${itopClass}::${textAt(object, "key") ?? ""}`,
      type: typeOfName(itopClass),
      name: textAt(object, "fields", "name") ?? "",
      aliases: [
        textAt(object, "fields", "managementip_name"),
        textAt(object, "fields", "managementip"),
        textAt(object, "fields", "serialnumber"),
        textAt(object, "fields", "asset_number"),
      ],
      labels: { itop_class: itopClass },
      owner: textAt(object, "fields", "organization_name"),
      criticality: entryOf(CRITICALITY, textAt(object, "fields", "business_criticity")),
    });
  }
  const related = await operation(api, login, {
    operation: "core/get_related",
    class: "FunctionalCI",
    key: "SELECT FunctionalCI",
    relation: "impacts",
    direction: "down",
    depth: 1,
    redundancy: false,
  });
  for (const [impacting, list] of entries(at(related, "relations")))
    for (const [, one] of entries(list)) {
      const impacted = textAt(one, "key");
      if (impacted === undefined || !draft.has(impacting) || !draft.has(impacted)) draft.leave("relationToNothing");
      else draft.relate(impacted, "dependsOn", impacting);
    }
  return draft.finish();
}

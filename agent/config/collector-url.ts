/** A base address of a collector: null for one that may be used, else what is wrong; never repeats a password in it. */
export function collectorUrlTrouble(text: string): string | null {
  const url = URL.parse(text);
  if (url === null) return "is no address";
  if (!/^https?:$/.test(url.protocol)) return `${JSON.stringify(url.protocol)} is neither http: nor https:`;
  if (url.username !== "" || url.password !== "") return "holds a user or password; use tokenFile";
  return url.search === "" && url.hash === "" ? null : "has a query or a fragment";
}

const PARTS_MAX = 100;

/** Fields of a form: URL-encoded, or multipart (RFC 7578) without files. Empty where the body is none. */
export function formFields(type: string, text: () => string): URLSearchParams {
  const kind = type.split(";", 1)[0]?.trim().toLowerCase();
  if (kind === "application/x-www-form-urlencoded") return new URLSearchParams(text());
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(type);
  if (kind !== "multipart/form-data" || boundary === null) return new URLSearchParams();
  const fields = new URLSearchParams();
  for (const part of text().split(`--${boundary[1] ?? boundary[2]}`, PARTS_MAX)) {
    const end = part.indexOf("\r\n\r\n");
    const headers = end === -1 ? "" : part.slice(0, end);
    const name = /;\s*name="([^"]{1,100})"/i.exec(headers)?.[1];
    if (name !== undefined && !/;\s*filename/i.test(headers))
      fields.append(name, part.slice(end + 4).replace(/\r\n$/, ""));
  }
  return fields;
}

/**
 * A directory as a web server.
 *
 * @module
 */

const TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ipynb: "application/x-ipynb+json",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  ts: "text/plain; charset=utf-8",
};

/**
 * Answers requests with files from a directory.
 *
 * @param directory The directory's address, which ends in a slash.
 * @param base The path prefix of the files, such as `/course/`.
 * @param headers More headers for every answer.
 */
export function filesOf(directory: URL, base = "/", headers: Record<string, string> = {}) {
  return async ({ url }: Request): Promise<Response> => {
    const { pathname } = new URL(url);
    const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    const file = new URL(path.slice(base.length), directory);
    const inside = path.startsWith(base) && file.href.startsWith(directory.href);
    const bytes = inside ? await Deno.readFile(file).catch(() => undefined) : undefined;
    if (!bytes) return new Response("There is no such page.", { status: 404, headers });
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    return new Response(bytes, { headers: { "content-type": type, "cache-control": "no-cache", ...headers } });
  };
}

/**
 * Builds the course's site and serves it on this machine alone.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program says where to look
import { ROOT } from "./project.ts";
import { filesOf } from "./serve_files.ts";

await import("./build.ts");
Deno.serve({
  hostname: "127.0.0.1",
  port: 8000,
  onListen: ({ port }) => console.log(`Open http://127.0.0.1:${port}/; Ctrl-C ends it.`),
}, filesOf(new URL("_site/", ROOT)));

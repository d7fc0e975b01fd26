/**
 * Builds the course as a static site, into `_site/` of the project.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program says what it did
import { parseArgs } from "node:util";
import { EnvironmentError, InputError } from "../../errors.ts";
import { writeSite } from "./write_site.ts";

const { values } = parseArgs({ options: { lessons: { type: "string" }, out: { type: "string", default: "_site" } } });
try {
  const { pages, bytes } = await writeSite({
    out: values.out,
    ...(values.lessons === undefined ? {} : { chosen: values.lessons.split(",") }),
    say: console.log,
  });
  console.log(`${values.out}: ${pages} pages, ${(bytes / 1e6).toFixed(1)} MB.`);
} catch (error) {
  if (!(error instanceof InputError || error instanceof EnvironmentError)) throw error;
  console.error(error.message);
  Deno.exit(1);
}

/**
 * From the start of a lesson's process to its exit: `deno task bench`. Speed is measured here and asserted nowhere.
 *
 * @module
 */
import { deno, granted } from "./_run.ts";

const run = await granted({ name: "run" });

for (const [name, args] of [["an empty program", ["eval", "0"]], ["lessons/04_kl.ts", ["run", "lessons/04_kl.ts"]]]) {
  Deno.bench({
    name: `${name}, start to exit${run ? "" : " (ignored: needs --allow-run)"}`,
    ignore: !run,
    n: 10,
    warmup: 1,
    async fn() {
      const { code, err } = await deno(args as string[]);
      if (code !== 0) throw new Error(err);
    },
  });
}

import { withChromium } from "./_chromium.ts";
import { serve } from "./_package.ts";
await using server = serve("/tmp/k15/proj");
await Deno.writeTextFile(
  "/tmp/k15/proj/lm.chromium.json",
  await withChromium(async (open) => (await server.visit(open, "plain/lm.html")).said),
);
Deno.exit(0);

/**
 * A lesson that trains, for tests to interrupt: `_interrupted.ts STEPS SECONDS [FLAG…]`, where a step takes so many seconds.
 *
 * @module
 */
import { runLesson } from "../src/lesson/run_lesson.ts";
import type { Show } from "../src/show/show.ts";

const [steps, seconds] = Deno.args.map(Number);

async function lesson(_: unknown, show: Show) {
  for (let step = 1; step <= steps; step++) {
    if (step === 2) show.text("A word of warning.");
    const rest = { epoch: 1, epochs: 1, batch: 1, epochEnds: false, judged: false, history: { train: [], test: [] } };
    show.progress({ step, steps, ...rest });
    Deno.stdout.writeSync(new TextEncoder().encode(`step ${step}\n`));
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}

const question = "How long?";
const how = { name: "00_long", question, text: "", defaults: {}, usesData: false, keepsModel: true };
await runLesson({ ...how, lesson }, Deno.args.slice(2));

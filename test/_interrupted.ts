/**
 * A lesson that trains, for tests to interrupt: `_interrupted.ts STEPS SECONDS [FLAG…]`, where a step takes so many seconds;
 * `heard` in their place: as long as it takes until a signal is heard.
 *
 * @module
 */
import { runLesson } from "../src/lesson/run_lesson.ts";
import type { Show } from "../src/show/show.ts";

const [steps, seconds] = [Number(Deno.args[0]), Deno.args[1]];

/** Waits as long as a step takes. */
async function wait(): Promise<void> {
  if (seconds !== "heard") return await new Promise((resolve) => setTimeout(resolve, 1000 * Number(seconds)));
  const signals = ["SIGINT", "SIGTERM"] as const;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of signals) Deno.addSignalListener(signal, resolve);
  await promise;
  for (const signal of signals) Deno.removeSignalListener(signal, resolve);
}

async function lesson(_: unknown, show: Show) {
  for (let step = 1; step <= steps; step++) {
    if (step === 2) show.text("A word of warning.");
    const rest = { epoch: 1, epochs: 1, batch: 1, epochEnds: false, judged: false, history: { train: [], test: [] } };
    show.progress({ step, steps, ...rest });
    Deno.stdout.writeSync(new TextEncoder().encode(`step ${step}\n`));
    await wait();
  }
}

const question = "How long?";
const how = { name: "00_long", question, text: "", defaults: {}, usesData: false, keepsModel: true };
await runLesson({ ...how, lesson }, Deno.args.slice(2));

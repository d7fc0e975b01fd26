/**
 * The ten jobs of src/README.md, each run in a project of its own: without a cast, in few statements, with what it promises.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual, assertMatch } from "@std/assert";
import { decode } from "fast-png";
import { random } from "../mod.ts";
import { withProject } from "./_consumer.ts";
import { endOf, numbersIn, peakOf, PROGRAMS, spawned, statementsIn, withJob, writeReadings } from "./_jobs.ts";
import { granted, testIf } from "./_run.ts";

const possible = await granted({ name: "run" }) && await granted({ name: "env" }) && await granted({ name: "read" }) &&
  await granted({ name: "write" });
const testJob = testIf.bind(undefined, possible, "--allow-run --allow-env --allow-read --allow-write");

/** The most statements that each may have, beyond imports and data. */
const MOST = { a: 12, b: 12, c: 8, d: 15, e: 12, f: 8, g: 6, h: 8, i: 6, j: 4 };

Deno.test("statements are counted wherever they stand, but for imports and data", () => {
  const program = `import { a } from "b";

// Data: these.
const x = [1, 2];
const y = 3;

const z = x.map((n) => {
  if (n > 1) return n;
  return y;
});
for (const n of z) console.log(n);
`;
  assertEquals(statementsIn(program), 6); // const, if, return, return, for, and what it does
});

Deno.test("there are ten jobs, each in few statements, and without a cast", () => {
  assertEquals(Object.keys(PROGRAMS), Object.keys(MOST));
  for (const [letter, most] of Object.entries(MOST)) {
    const program = PROGRAMS[letter]!;
    assertLessOrEqual(statementsIn(program), most, `(${letter})`);
    assert(!/\bas (?!tf\b)|<\w+>|!\.|!\)|\bany\b|@ts-/.test(program), `(${letter}) has a cast`);
  }
});

testJob("every job passes the formatter and the type checker, as it is, in a project of others", () => {
  const files = Object.fromEntries(Object.entries(PROGRAMS).map(([letter, program]) => [`${letter}.ts`, program]));
  return withProject(files, async ({ start }) => {
    for (const how of [["fmt", "--check"], ["check"]]) {
      const { code, err } = await start(...how, ...Object.keys(files));
      assertEquals(code, 0, err);
    }
  });
});

/** Bytes of images, one after another. */
const photos = (count: number) => {
  const noise = random(3);
  return Uint8Array.from({ length: count * 3072 }, (_, i) => 200 * (i % 3072) / 3072 + 55 * noise.uniform());
};

/** A table of 12 columns that depend on 2 numbers, as text. */
function measurements(count: number): string {
  const noise = random(4);
  return Array.from({ length: count }, () => {
    const [u, v] = [noise.gaussian(), noise.gaussian()];
    return Array.from(
      { length: 12 },
      (_, i) => (u * Math.sin(i) + v * Math.cos(2 * i) + 0.1 * noise.gaussian()).toFixed(4),
    );
  }).join("\n");
}

/** What is beside a program before it runs. */
const DATA: Record<string, (cwd: string) => Promise<void>> = {
  a: (cwd) => Deno.writeFile(`${cwd}/photos.rgb`, photos(96)),
  b: (cwd) => Deno.writeTextFile(`${cwd}/measurements.csv`, measurements(1000)),
};

/** What each of the first four leaves behind. */
const LEFT: Record<string, string[]> = {
  a: ["drawn.png", "photos"],
  b: ["table"],
  c: ["night"],
  d: Array.from({ length: 10 }, (_, digit) => `digit-${digit}.png`),
};

const twoWorkers = (program: string) => program.replace(/( of train\(.*, \{ )/, "$1workers: 2, ");

for (const letter of ["a", "b", "c", "d"]) {
  testJob(`job (${letter}) learns, on one core and on two, which find the same`, async () => {
    const printed: number[][][] = [];
    for (const change of [(program: string) => program, twoWorkers]) {
      await withJob(letter, async (run, { cwd }) => {
        await DATA[letter]?.(cwd);
        const ended = await run();
        printed.push(numbersIn({ ...ended, out: ended.out.replace(/^\{.*\}\n/ms, "") }));
        const known = ["deno.json", "deno.lock", "main.ts", "photos.rgb", "measurements.csv"];
        const left = Array.from(Deno.readDirSync(cwd), ({ name }) => name).filter((name) => !known.includes(name));
        assertEquals(left.toSorted(), LEFT[letter]);
      }, change);
    }
    assert(twoWorkers(PROGRAMS[letter]!).includes("workers: 2"));
    const [one, two] = printed as [number[][], number[][]];
    assertLess(one.at(-1)![1]!, one[0]![1]!, "the loss falls");
    assertEquals(one.map(([step]) => step), Array.from(one, (_, i) => i + 1));
    one.forEach(([, loss = 0], i) => assertLess(Math.abs(two[i]![1]! / loss - 1), 1e-3, `step ${i + 1}`)); // float32 sums
  });
}

testJob("job (a) draws 64 images, and its model has learned a variance", () =>
  withJob("a", async (run, { cwd }) => {
    await DATA["a"]!(cwd);
    assertEquals((await run()).code, 0);
    const { width, height, channels } = decode(await Deno.readFile(`${cwd}/drawn.png`));
    assertEquals([width, height, channels], [8 * 32, 8 * 32, 3]);
    assertEquals(JSON.parse(await Deno.readTextFile(`${cwd}/photos/vae.json`)).likelihood.options, {
      variance: "learned",
    });
    const [logVar] = new Float32Array((await Deno.readFile(`${cwd}/photos/vae.bin`)).buffer);
    assertLess(logVar!, 0);
  }));

testJob(
  "job (c) is killed in the middle of its first epoch, and in its second, and goes on to the bit",
  () =>
    withJob("c", async (run, { cwd }) => {
      const whole = numbersIn(await run()).map(String);
      await Deno.remove(`${cwd}/night`, { recursive: true });
      const seen: string[] = [];
      for (const until of [6, 15]) {
        const process = spawned(cwd);
        let [said, killed] = ["", false];
        for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
          said += text;
          if (killed || !said.includes(`\n${until} `)) continue;
          killed = true;
          process.kill("SIGKILL");
        }
        assertEquals((await process.status).signal, "SIGKILL");
        await process.stderr.cancel();
        seen.push(...said.split("\n").slice(0, -1));
      }
      const last = await run();
      assertMatch(last.err, /^Resuming after step \d+\.$/m);
      seen.push(...last.out.trimEnd().split("\n"));
      const again = seen.filter((line) => line.includes("undefined")); // the records that resumed trainings begin with
      assertEquals(again.length, 2);
      const losses = new Set(
        seen.filter((line) => !line.includes("undefined")).map((line) => line.replaceAll(" ", ",")),
      );
      assertEquals([...losses].filter((line) => !whole.includes(line)), [], "the same numbers at the same step");
      const kept = again.map((line) => line.split(" ")[0]); // steps that were kept, but perhaps not told before the kill
      const missing = whole.filter((line) => !losses.has(line) && !kept.includes(line.split(",")[0]));
      assertEquals(missing, []);
    }),
);

testJob(
  "job (d) draws what it is told to: eight of each digit, and other digits are other images",
  () =>
    withJob("d", async (run, { cwd }) => {
      assertEquals((await run()).code, 0);
      const images = await Promise.all(LEFT["d"]!.map(async (name) => decode(await Deno.readFile(`${cwd}/${name}`))));
      for (const { width, height } of images) assertEquals([width, height], [8 * 28, 28]);
      assertEquals(new Set(images.map(({ data }) => data.join())).size, 10);
    }),
);

testIf(
  possible && Deno.build.os === "linux",
  "--allow-run --allow-env --allow-read --allow-write, and /proc",
  "job (e) holds less than 400 MB of a stream: here of 250 MB, and of 2 GB in test/long_jobs.ts",
  () =>
    withJob("e", async (_, { cwd }) => {
      await writeReadings(`${cwd}/readings.f32`, 60_000);
      const process = spawned(cwd);
      const [most, ended] = await Promise.all([peakOf(process), endOf(process)]);
      const losses = numbersIn(ended);
      assertEquals(losses.map(([step]) => step), [100, 200, 300, 400]);
      assertLess(losses[3]![1]!, losses[0]![1]!);
      assertGreater(most, 50, "it was looked at");
      assertLess(most, 400); // which 250 MB more, were they read at once, would exceed
    }, (program) => program.replace("count: 500_000", "count: 60_000")),
);

testJob(
  "jobs (f) and (j): the best weights are kept, and judged by log p(x)",
  () =>
    withJob("f", async (run, { cwd, start }) => {
      const { code, out, err } = await run();
      assertEquals(code, 0, err);
      const lines = out.trimEnd().split("\n");
      const losses = lines.slice(0, -1).map(Number);
      const best = Math.min(...losses);
      assertEquals(lines.at(-1), `kept ${best}`);
      assertEquals(losses.length, losses.indexOf(best) + 1 + 5, "five epochs that were no better ended it");
      assertLess(losses.length, 1000);
      await Deno.writeTextFile(`${cwd}/j.ts`, PROGRAMS["j"]!);
      const [[mean = 0, standardError = 0] = []] = numbersIn(await start("run", "--no-prompt", "--allow-read", "j.ts"));
      assert(standardError > 0 && standardError < 3, `${standardError}`);
      assertGreater(mean, -best, "log p(x) is above its bound"); // of other images, but by ten nats and more
    }),
);

testJob("job (g): a line for each step", () =>
  withJob("g", async (run, { cwd }) => {
    const { code, out, err } = await run();
    assertEquals([code, out], [0, ""], err);
    const [head, ...lines] = (await Deno.readTextFile(`${cwd}/losses.csv`)).trimEnd().split("\n");
    assertEquals(head, "step,loss,reconstruction,kl");
    const rows = lines.map((line) => line.split(",").map(Number));
    assertEquals(rows.map(([step]) => step), Array.from({ length: 20 }, (_, i) => i + 1));
    for (const [, loss = NaN, reconstruction = NaN, kl = NaN] of rows) {
      assertLess(Math.abs(loss - reconstruction - kl), 1e-3);
    }
  }));

testJob("job (h): thirty steps, and the loss falls", () =>
  withJob("h", async (run) => {
    const losses = numbersIn(await run());
    assertEquals(losses.map(([step]) => step), Array.from({ length: 30 }, (_, i) => i + 1));
    assertLess(losses.at(-1)![1]!, losses[0]![1]! - 100);
  }));

testJob("job (i): a map of 15 by 15 tiles, no two alike", () =>
  withJob("i", async (run, { cwd }) => {
    assertEquals((await run()).code, 0);
    const { width, height, data } = decode(await Deno.readFile(`${cwd}/map.png`));
    assertEquals([width, height], [15 * 28, 15 * 28]);
    assertGreater(new Set(data).size, 20);
  }));

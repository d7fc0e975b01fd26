import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import process from "node:process";
import { EnvironmentError, InputError } from "../src/errors.ts";
import type { CommonOptions, Lesson } from "../src/lesson/lesson.ts";
import { runLesson } from "../src/lesson/run_lesson.ts";
import type { Show } from "../src/show/show.ts";
import type { Step } from "../src/training/train.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

/** The numbers of the lesson these tests are about. */
const defaults = { epochs: 3, batchSize: 16, noiseOfX: 0.5 };
type Options = typeof defaults & CommonOptions;

/** How a lesson ended: its exit code, what it said, and with which options it was called. */
interface Run {
  code: number;
  out: string;
  err: string;
  options?: Options;
}

/** Runs a tiny lesson in this process with these flags. */
async function run(
  args: string[],
  body: (show: Show, options: Options) => void | Promise<void> = () => {},
): Promise<Run> {
  const run: Run = { code: 0, out: "", err: "" };
  const tiny: Lesson<typeof defaults> = {
    name: "00_tiny",
    question: "Is it so?",
    text: "",
    defaults,
    otherData: { batchSize: 128 },
    async lesson(options, show) {
      run.options = options;
      await body(show, options);
    },
  };
  const { log, error } = globalThis.console;
  const [toOut, toErr] = [process.stdout.write, process.stderr.write];
  const code = Deno.exitCode;
  try {
    Object.assign(globalThis.console, {
      log: (text: string) => run.out += `${text}\n`,
      error: (text: string) => run.err += `${text}\n`,
    });
    process.stdout.write = (text: string | Uint8Array) => Boolean(run.out += text);
    process.stderr.write = (text: string | Uint8Array) => Boolean(run.err += text);
    Deno.exitCode = 0;
    await runLesson(tiny, args);
    run.code = Deno.exitCode;
  } finally {
    Object.assign(globalThis.console, { log, error });
    [process.stdout.write, process.stderr.write] = [toOut, toErr];
    Deno.exitCode = code;
  }
  // deno-lint-ignore no-control-regex
  return { ...run, out: run.out.replaceAll(/\x1b\[\d*m/g, "") };
}

/** What the last line of the output says. */
const lastLine = ({ out }: Run) => JSON.parse(out.trimEnd().split("\n").at(-1)!);

// ## Flags

Deno.test("without flags: the defaults, seed 0, the embedded digits, on wasm", async () => {
  const { code, out, err, options } = await run([], (show) => show.text("here I am"));
  assertEquals(options, { ...defaults, data: "digits", seed: 0 });
  assertEquals(tf.getBackend(), "wasm");
  assertEquals({ code, out, err }, { code: 0, out: "\nIs it so?\nhere I am\n", err: "" });
});

Deno.test("every flag is heard; names have hyphens; a fraction where the default is one", async () => {
  const args = ["--epochs", "7", "--batch-size=4", "--noise-of-x", "1e-3", "--seed", "5", "--backend", "cpu"];
  const { code, options } = await run(args);
  assertEquals([code, tf.getBackend()], [0, "cpu"]);
  assertEquals(options, { epochs: 7, batchSize: 4, noiseOfX: 1e-3, data: "digits", seed: 5 });
  assertEquals((await run(["--noise-of-x", "2"])).options?.noiseOfX, 2);
  assertEquals(defaults, { epochs: 3, batchSize: 16, noiseOfX: 0.5 }, "and the next run has the defaults again");
});

Deno.test("other data have other defaults, unless the flag was given", async () => {
  const batch = async (...args: string[]) => (await run(args)).options?.batchSize;
  assertEquals(await batch("--data", "digits"), 16);
  assertEquals(await batch("--data", "mnist"), 128);
  assertEquals(await batch("--data", "some/where"), 128);
  assertEquals(await batch("--data", "some/where", "--batch-size", "16"), 16);
  assertEquals(await batch("--data", "some/where", "--batch-size", "3"), 3);
  const { options, ...rest } = await run(["--data", "some/where", "--json"]);
  assertEquals(options, { ...defaults, batchSize: 128, data: "some/where", seed: 0 });
  assertEquals(lastLine(rest).options, { ...defaults, batchSize: 128 });
});

const FLAGS = [
  "--backend",
  "--data",
  "--seed",
  "--out",
  "--json",
  "--epochs",
  "--batch-size",
  "--noise-of-x",
  "--help",
];

Deno.test("a mistake: one sentence on standard error, the list of flags, exit code 2, and no lesson", async () => {
  const whole = "It must be a whole number of at least 1.";
  const mistakes: [string[], string][] = [
    [["--epochs", "0"], `option '--epochs <number>' argument '0' is invalid. ${whole}`],
    [["--epochs", "-1"], `option '--epochs <number>' argument '-1' is invalid. ${whole}`],
    [["--epochs", "abc"], `option '--epochs <number>' argument 'abc' is invalid. ${whole}`],
    [["--epochs", "1.5"], `option '--epochs <number>' argument '1.5' is invalid. ${whole}`],
    [["--epochs", "1e2"], `option '--epochs <number>' argument '1e2' is invalid. ${whole}`],
    [["--epochs", "9007199254740993"], `argument '9007199254740993' is invalid. ${whole}`],
    [["--epochs="], `option '--epochs <number>' argument '' is invalid. ${whole}`],
    [["--epochs"], "option '--epochs <number>' argument missing"],
    [
      ["--seed", "-1"],
      "option '--seed <number>' argument '-1' is invalid. It must be a whole number of at least 0 and at most",
    ],
    [
      ["--seed", "4294967296"],
      "argument '4294967296' is invalid. It must be a whole number of at least 0 and at most 4294967295.",
    ],
    [["--noise-of-x", "0"], "option '--noise-of-x <number>' argument '0' is invalid. It must be a number above 0."],
    [["--noise-of-x", "-0.5"], "argument '-0.5' is invalid. It must be a number above 0."],
    [["--noise-of-x", "NaN"], "argument 'NaN' is invalid. It must be a number above 0."],
    [["--noise-of-x", "Infinity"], "argument 'Infinity' is invalid. It must be a number above 0."],
    [["--noise-of-x", ""], "argument '' is invalid. It must be a number above 0."],
    [["--backend", "gpu"], "argument 'gpu' is invalid. Allowed choices are wasm, webgpu, cpu, auto."],
    [["--backend"], "option '--backend <name>' argument missing"],
    [["--epoch", "3"], "unknown option '--epoch'\n(Did you mean --epochs?)"],
    [["--batchSize", "3"], "unknown option '--batchSize'"],
    [["--zzz"], "unknown option '--zzz'"],
    [["-x"], "unknown option '-x'"],
    [["more"], "too many arguments. Expected 0 arguments but got 1: more."],
  ];
  for (const [args, sentence] of mistakes) {
    const { code, out, err, options } = await run(args);
    assertEquals([code, out, options], [2, "", undefined], args.join(" "));
    assertMatch(err, /^error: /);
    assertStringIncludes(err.split("\n\n")[0], sentence);
    for (const flag of FLAGS) assertStringIncludes(err, `\n${flag === "--help" ? "  -h, " : "  "}${flag} `);
    assert(!err.includes("    at "), "no stack");
  }
});

Deno.test("--help: the question, every flag and what it is otherwise; exit code 0, and no lesson", async () => {
  const { code, out, err, options } = await run(["--help"]);
  assertEquals([code, err, options], [0, "", undefined]);
  assertStringIncludes(out, "Usage: 00_tiny.ts [options]");
  assertStringIncludes(out, "Is it so?");
  for (const flag of FLAGS) assertStringIncludes(out, `${flag} `);
  for (const value of Object.values(defaults)) assertStringIncludes(out, `(default: ${value})`);
  assert(out.split("\n").every((line) => line.length <= 80));
  assertEquals((await run(["-h", "--epochs", "2"])).code, 0);
});

// ## The JSON at the end

const speak = (show: Show) => {
  show.title("0.1 So");
  show.claim("half", assertAlmostEquals, { found: 0.5001, expected: 0.5, margin: 0.01, from: "the pencil" });
  show.claim("shape", assertEquals, { found: "[3]", expected: "[3]", from: "the text" });
  show.figure("train", [{ loss: 2.5, kl: 0 }]);
  show.figure("tiles", 7);
};

Deno.test("--json: the last line has it all; without it nothing of the kind", async () => {
  const { code, out, err } = await run(["--json", "--seed", "3", "--epochs", "2"], speak);
  assertEquals([code, err], [0, ""]);
  assertEquals(lastLine({ out } as Run), {
    lesson: "00_tiny",
    backend: "wasm",
    kernels: "relaxed",
    data: "digits",
    seed: 3,
    options: { epochs: 2, batchSize: 16, noiseOfX: 0.5 },
    claims: [
      { claim: "half", relation: "", holds: true, found: 0.5001, expected: 0.5, margin: 0.01, from: "the pencil" },
      { claim: "shape", relation: "", holds: true, found: "[3]", expected: "[3]", from: "the text" },
    ],
    train: [{ loss: 2.5, kl: 0 }],
    tiles: 7,
  });
  assertEquals(out.trimEnd().split("\n").filter((line) => line.startsWith("{")).length, 1, "one line");
  assert(!(await run([], speak)).out.includes("{"));
  assertEquals(lastLine(await run(["--json", "--backend", "cpu"])).kernels, "tfjs");
});

Deno.test("false claims: all is shown, each said in a sentence at the end, exit code 1; the JSON has it all", async () => {
  const { code, out, err } = await run(["--json"], (show) => {
    show.claim("less", assertLess, { found: 3, expected: 2, from: "the pencil" });
    speak(show);
    show.claim("close", assertAlmostEquals, { found: 3, expected: 2, margin: 0.5, from: "the text" });
    show.text("said all the same");
  });
  const sentences = [
    "This claim is false: less: 3, expected less than 2 (the pencil).\n",
    "This claim is false: close: 3, expected 2 ± 0.5 (the text).\n",
  ];
  assertEquals([code, err], [1, sentences.join("")]);
  assertStringIncludes(out, "  ✗ less: 3, expected less than 2 (the pencil)\n");
  assertStringIncludes(out, "  ✗ close: 3, expected 2 ± 0.5 (the text)\nsaid all the same\n");
  const { claims, tiles } = lastLine({ out } as Run);
  assertEquals(claims.map(({ holds }: { holds: boolean }) => holds), [false, true, true, false]);
  assertEquals(claims[0], {
    claim: "less",
    relation: "less than ",
    holds: false,
    found: 3,
    expected: 2,
    from: "the pencil",
  });
  assertEquals(tiles, 7);
});

Deno.test("a false claim after a training names --epochs; one before it does not", async () => {
  const step = { step: 3, steps: 3, epochEnds: false } as Step;
  const wrong = (show: Show) => show.claim("less", assertLess, { found: 3, expected: 2, from: "the pencil" });
  const sentence = "This claim is false: less: 3, expected less than 2 (the pencil).\n";
  const after = await run(["--epochs", "7"], (show) => {
    show.progress(step);
    wrong(show);
  });
  assertEquals([after.code, after.err], [1, `${sentence}Longer training may help: --epochs 14.\n`]);
  const before = await run([], (show) => {
    wrong(show);
    show.progress(step);
  });
  assertEquals([before.code, before.err], [1, sentence]);
});

Deno.test("what stops a lesson after a false claim is what it ends with", async () => {
  const { code, out, err } = await run([], (show) => {
    show.claim("less", assertLess, { found: 3, expected: 2, from: "the pencil" });
    throw new InputError("No such file.");
  });
  assertStringIncludes(out, "  ✗ less");
  assertEquals([code, err], [2, "No such file.\n"]);
});

Deno.test("steps are not kept for the JSON: they are thousands", async () => {
  const step = { epochEnds: false, history: () => "what cannot be copied cannot be kept" } as unknown as Step;
  const { code, err } = await run(["--json"], (show) => show.progress(step));
  assertEquals([code, err], [0, ""]);
});

Deno.test("a NaN is a false claim, and null in the JSON", async () => {
  const result = await run(
    ["--json"],
    (show) => show.claim("a", assertLess, { found: NaN, expected: 2, from: "the text" }),
  );
  assertEquals(result.code, 1);
  const [{ holds, found }] = lastLine(result).claims;
  assertEquals([holds, found], [false, null]);
});

// ## What an end means

Deno.test("what the machine lacks is 1, a mistake in the data 2, each one sentence", async () => {
  const ends = async (error: Error) => {
    const { code, err } = await run([], () => Promise.reject(error));
    return [code, err];
  };
  assertEquals(await ends(new EnvironmentError("No network.")), [1, "No network.\n"]);
  assertEquals(await ends(new InputError("No such file.")), [2, "No such file.\n"]);
});

Deno.test("a name that is empty, as of a variable that the shell does not know, is refused by its flag", async () => {
  for (const flag of ["--out", "--data"]) {
    const { code, err } = await run([flag, ""]);
    assertEquals(code, 2);
    assertStringIncludes(err, flag);
    assertStringIncludes(err, "It must not be empty.");
  }
});

/** Lets nothing more be printed. */
const fill = () =>
  Object.assign(globalThis.console, {
    log() {
      throw new Error("No space left on device (os error 28)");
    },
  });
const FULL = "Cannot write to standard output: No space left on device (os error 28).\n";

Deno.test("JSON that cannot be written is one sentence too", async () => {
  const { code, err } = await run(["--json"], () => void fill());
  assertEquals([code, err], [1, FULL]);
});

Deno.test("what cannot be shown, though nobody waits for it, ends the lesson at its next word, or at its end", async () => {
  for (const more of [true, false]) {
    let after = false;
    const { code, err } = await run([], async (show) => {
      fill();
      show.text("lost");
      await new Promise((resolve) => setTimeout(resolve));
      if (more) show.text("lost too");
      after = true;
    });
    assertEquals([code, err, after], [1, FULL, !more]);
  }
});

Deno.test("a bug is not swallowed", async () => {
  for (const bug of [new TypeError("oops"), new RangeError("oops"), new Error("oops")]) {
    const before = Deno.exitCode;
    assertEquals(await assertRejects(() => run([], () => Promise.reject(bug))), bug);
    assertEquals(Deno.exitCode, before);
  }
});

const writes = await granted({ name: "read" }) && await granted({ name: "write" });

testIf(
  writes,
  "--allow-read --allow-write",
  "a lesson that fails in the middle: its page has what it said until then",
  () =>
    withTempDir(async (directory) => {
      const bug = new TypeError("oops");
      const draw = (show: Show) =>
        show.lines("line", "a line", {
          series: [{ name: "a", x: [0, 1], y: [0, 1] }],
          x: { label: "x" },
          y: { label: "y" },
        });
      const failing = async (show: Show) => {
        show.text("before");
        await draw(show);
        throw bug;
      };
      assertEquals(await assertRejects(() => run(["--out", `${directory}/bug`], failing)), bug);
      assertStringIncludes(await Deno.readTextFile(`${directory}/bug/index.html`), "before");
      // The page cannot be written either: what went wrong first is what counts.
      const worse = async (show: Show) => {
        await draw(show);
        await Deno.remove(`${directory}/worse`, { recursive: true });
        show.claim("less", assertLess, { found: 3, expected: 2, from: "the pencil" });
      };
      const { code, err, out } = await run(["--json", "--out", `${directory}/worse`], worse);
      assertMatch(err, /^Cannot write .*index\.html: .+\nThis claim is false: less: 3, .+\n$/);
      assertEquals([code, lastLine({ out } as Run).claims.length], [1, 1]);
      const { code: alone, err: said } = await run(
        ["--out", `${directory}/gone`],
        async (show) => {
          await draw(show);
          await Deno.remove(`${directory}/gone`, { recursive: true });
        },
      );
      assertMatch(said, /^Cannot write .*index\.html: .+\n$/);
      assertEquals(alone, 1);
    }),
);

Deno.test("the data of the lesson are loaded by the lesson, so a mistake in them comes from there", async () => {
  const { code, err } = await run(["--data", "no/such/place"], async (_, { data }) => {
    await Promise.reject(new InputError(`There is no "${data}".`));
  });
  assertEquals([code, err], [2, 'There is no "no/such/place".\n']);
});

Deno.test({
  name: "--out without permission: one sentence with the flag, exit code 1, before the lesson begins",
  permissions: "none",
  async fn() {
    const { code, out, err, options } = await run(["--out", "some/where"], speak);
    const sentence = "Writing to some/where requires a permission: add --allow-write=some/where.\n";
    assertEquals({ code, out, err, options }, { code: 1, out: "", err: sentence, options: undefined });
  },
});

Deno.test("a lesson that uses no data takes no --data, and its JSON says null", async () => {
  const lesson: Lesson<Record<string, never>> = {
    name: "00_none",
    question: "Why?",
    text: "",
    defaults: {},
    usesData: false,
    async lesson() {},
  };
  const { log, error } = globalThis.console;
  const [write, code] = [process.stderr.write, Deno.exitCode];
  const [out, err]: string[][] = [[], []];
  try {
    Object.assign(globalThis.console, { log: (text: string) => void out.push(text), error: () => {} });
    process.stderr.write = (text: string | Uint8Array) => Boolean(err.push(String(text)));
    await runLesson(lesson, ["--json"]);
    assertEquals(JSON.parse(out.at(-1)!).data, null);
    await runLesson(lesson, ["--data", "digits"]);
    assertEquals(Deno.exitCode, 2);
    assertStringIncludes(err.join(""), "unknown option '--data'");
  } finally {
    Object.assign(globalThis.console, { log, error });
    process.stderr.write = write;
    Deno.exitCode = code;
  }
});

/**
 * How other frameworks are found, spoken with and compared with ours, by stand-ins for them.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import mainLock from "../deno.lock" with { type: "text" };
import jaxLock from "./peers/jax_js.lock" with { type: "text" };
import jaxSource from "./peers/jax_js.ts" with { type: "text" };
import { best, byTurns, figures } from "./peers/comparison.ts";
import { startFirst, waysOf } from "./peers/frameworks.ts";
import { introduction, lines, Peer, PeerError, time } from "./peers/peer.ts";
import { pythonWith } from "./_python.ts";
import { granted, testIf } from "./_run.ts";

const runs = await granted({ name: "run" });

/** A program that answers each line with the next of these, and ends after the last. */
const standIn = (...answers: string[]) => ({
  command: Deno.execPath(),
  args: [
    "eval",
    `const answers = ${JSON.stringify(answers)};
    console.log(answers.shift());
    for await (const _ of Deno.stdin.readable) if (answers.length) console.log(answers.shift()); else Deno.exit();`,
  ],
});

/** The first of these programs that can be started, which there is. */
async function started(...programs: Parameters<typeof startFirst>[1]): Promise<Peer> {
  const peer = await startFirst("Frame", programs);
  assert(peer instanceof Peer, `${peer}`);
  return peer;
}

const HELLO = JSON.stringify({ name: "Frame 1.2", ways: { conv: ["slow", "fast"] } });

Deno.test("a peer's lines are read, and what is not in order is quoted", () => {
  assertEquals(introduction(HELLO), { name: "Frame 1.2", ways: { conv: ["slow", "fast"] } });
  assertEquals(time(`{"ms": 2.5, "cpu_ms": 2}`), { ms: 2.5, cpu_ms: 2 });
  const wrong = [
    [introduction, `{"missing": "No module named 'torch'"}`, "No module named 'torch'"],
    [introduction, "Hello", "it does not answer in JSON, but: Hello"],
    [introduction, `{"name": "Frame"}`, `it does not say who it is, but: {"name": "Frame"}`],
    [introduction, `{"ways": {"conv": ["slow"]}}`, `it does not say who it is, but: {"ways": {"conv": ["slow"]}}`],
    [time, `{"error": "no compiler"}`, "no compiler"],
    [time, `{"ms": null, "cpu_ms": 1}`, `it does not answer with a time, but: {"ms": null, "cpu_ms": 1}`],
    [time, `{"ms": -1, "cpu_ms": 1}`, `it does not answer with a time, but: {"ms": -1, "cpu_ms": 1}`],
    [time, "12", "it does not answer with a time, but: 12"],
    [time, "NaN", "it does not answer in JSON, but: NaN"],
  ] as const;
  for (const [read, line, message] of wrong) assertEquals(assertThrows(() => read(line), PeerError).message, message);
});

Deno.test("lines are whole, wherever the bytes are cut", async () => {
  const bytes = new TextEncoder().encode("ein größeres\nZiel\n\nunfinished");
  for (let size = 1; size < 12; size++) {
    const pieces = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, i) => bytes.slice(i * size, (i + 1) * size),
    );
    assertEquals(await Array.fromAsync(lines(ReadableStream.from(pieces))), ["ein größeres", "Ziel", ""]);
  }
});

Deno.test("contestants take turns, and a turn is the median of its steps", async () => {
  const order: string[] = [];
  const contestant = (name: string, times: number[]) => ({
    step() {
      order.push(name);
      const ms = times.shift()!;
      return Promise.resolve({ ms, cpu_ms: ms / 2 });
    },
  });
  const [a, b] = [contestant("a", [1, 9, 2, 4, 4, 5]), contestant("b", [8, 7, 30, 10, 11, 12])];
  assertEquals(await byTurns([a, b], { rounds: 2, steps: 3 }), [
    [{ ms: 2, cpu_ms: 1 }, { ms: 4, cpu_ms: 2 }],
    [{ ms: 8, cpu_ms: 4 }, { ms: 11, cpu_ms: 5.5 }],
  ]);
  assertEquals(order.join(""), "aaabbbaaabbb");
});

Deno.test("a ratio is the median over the rounds, and a framework's best way the one of fewest milliseconds", () => {
  const times = (...ms: number[]) => ms.map((ms) => ({ ms, cpu_ms: 2 * ms }));
  const ours = times(12, 20, 32);
  const all = [times(6, 40, 8), times(6, 5, 4), times(60, 50, 40)].map((theirs) => figures(ours, theirs));
  assertEquals(all[0], { ms: 8, cores: 2, ratio: 2 }); // 2, 0.5, 4
  const [slow, fast, other] = ["slow", "fast", "other"].map((way, i) => ({ framework: i < 2 ? "one" : "two", way }));
  assertEquals(best([slow, fast, other], all), {
    one: { way: "fast", ...all[1], ways: { slow: all[0], fast: all[1] } },
    two: { way: "other", ...all[2], ways: { other: all[2] } },
  });
});

testIf(runs, "--allow-run", "a peer trains in each of its ways, says what it cannot do, and may end", async () => {
  await using peer = await started(standIn(HELLO, `{"ms": 3, "cpu_ms": 2}`, `{"error": "too slow"}`));
  const [slow, fast] = waysOf("frame", peer, "conv");
  assertEquals([slow, fast].map(({ framework, name, way }) => `${framework} ${name} ${way}`), [
    "frame Frame 1.2 slow",
    "frame Frame 1.2 fast",
  ]);
  assertEquals(waysOf("frame", peer, "dense"), []);
  assertEquals(await slow.step(), { ms: 3, cpu_ms: 2 });
  assertEquals((await assertRejects(fast.step, PeerError)).message, "too slow");
  assertEquals((await assertRejects(fast.step, PeerError)).message, "it has ended without a word");
  assertEquals((await assertRejects(fast.step, PeerError)).message, "it has ended without a word");
});

testIf(runs, "--allow-run", "a framework is taken from the first program that has it", async () => {
  const nothing = { command: "no-such-python", args: [] };
  const without = standIn(`{"missing": "No module named 'frame'"}`);
  const broken = { command: Deno.execPath(), args: ["eval", `throw "out of order"`] };
  await using found = await started(nothing, without, standIn(HELLO), broken);
  assertEquals(found.name, "Frame 1.2");
  const missing = await startFirst("Frame", [nothing, without]);
  assertEquals(
    missing,
    `Frame is left out (no-such-python: there is no such program; ${Deno.execPath()}: No module named 'frame').`,
  );
  assertMatch(`${await startFirst("Frame", [broken])}`, /^Frame is left out \(.*: it has ended: .*out of order.*\)\.$/);
});

const python = runs ? await pythonWith("json") : undefined;
testIf(
  python !== undefined,
  "python3 and --allow-run",
  "the program in Python says which module is missing",
  async () => {
    const args = [new URL("peers/peer.py", import.meta.url).pathname, "nothing", "1", "8"];
    assertEquals(
      await startFirst("Nothing", [{ command: python!, args }]),
      `Nothing is left out (${python}: No module named 'nothing_steps').`,
    );
  },
);

Deno.test("jax-js has a lock file of its own, so that only who compares with it fetches it", () => {
  const [, specifier] = /"npm:(@jax-js\/jax@\d+\.\d+\.\d+)"/.exec(jaxSource)!;
  const { npm } = JSON.parse(jaxLock) as { npm: Record<string, { integrity: string }> };
  assertEquals(Object.keys(npm), [specifier]);
  assertMatch(npm[specifier].integrity, /^sha512-.{86}==$/);
  assert(!mainLock.includes("jax-js"));
});

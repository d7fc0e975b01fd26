/**
 * Checkpoints on disk: what is saved comes back to the bit, what is not whole is refused, and neither SIGKILL nor a full
 * disk takes the newest one away. The long form of the last tests is in long_checkpoints.ts.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertMatch, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { EnvironmentError, InputError } from "../src/errors.ts";
import { newFile } from "../src/disk/write.ts";
import { encode, readCheckpoint } from "../src/training/checkpoints/file.ts";
import { CheckpointDirectory } from "../src/training/checkpoints/directory.ts";
import {
  assertSame,
  bits,
  fuzz,
  killAgainAndAgain,
  measured,
  reference,
  saver,
  seal,
  withText,
} from "./_checkpoints.ts";
import { deno, granted, ROOT, testIf, withTempDir } from "./_run.ts";
import { checkpointOf } from "./_saver.ts";

const files = await granted({ name: "read" }) && await granted({ name: "write" });
const run = files && await granted({ name: "run" });
const unix = run && Deno.build.os !== "windows";
const testFiles = testIf.bind(undefined, files, "--allow-read --allow-write");
const testRun = testIf.bind(undefined, run, "--allow-read --allow-write --allow-run");

const small = (step: number) => checkpointOf(step, 3);
const fileName = (step: number) => `step-${String(step).padStart(8, "0")}.checkpoint`;
const names = (directory: string) => Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();

/** The names in a directory that has checkpoints of these steps. */
const namesOf = (...steps: number[]) => ["checkpoints.lock", ...steps.map(fileName)];

/** Opens a directory, saves checkpoints of these steps, and leaves it. */
async function save(directory: string, ...steps: number[]): Promise<void> {
  using checkpoints = await CheckpointDirectory.open(directory, steps[0] > 1);
  for (const step of steps) await checkpoints.save(small(step));
}

/** Opens a directory to go on, and leaves it. */
async function resume(directory: string): Promise<CheckpointDirectory> {
  using checkpoints = await CheckpointDirectory.open(directory, true);
  return checkpoints;
}

/** Changes a file. */
async function edit(path: string, change: (file: Uint8Array<ArrayBuffer>) => Uint8Array): Promise<void> {
  await Deno.writeFile(path, change(await Deno.readFile(path)));
}

/** The sentence with which a directory is refused, in which nothing changes; its path as `DIR`. */
async function refusal(directory: string, open: () => Promise<CheckpointDirectory>): Promise<string> {
  const before = names(directory);
  const { message } = await assertRejects(open, InputError);
  assertEquals(names(directory), before);
  return message.replaceAll(directory, "DIR");
}

Deno.test("the format is as described: a file by hand, and another reader", async () => {
  const numbers = [Float32Array.of(1, -0), new Float32Array()];
  const file = await encode({ step: 2, facts: null, numbers });
  const text = new TextEncoder().encode('{"step":2,"lengths":[2,0],"facts":null} ');
  assertEquals(new TextDecoder().decode(file.subarray(0, 16)), "VAE checkpoint 1");
  assertEquals(new Uint8Array(await crypto.subtle.digest("SHA-256", file.slice(48))), file.slice(16, 48));
  assertEquals(file.slice(48), Uint8Array.of(40, 0, 0, 0, 2, 0, 0, 0, ...text, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x80));
  assertSame(reference(file), { step: 2, facts: null, numbers });
});

testFiles(
  "property: what is saved comes back to the bit: NaN's payloads, -0, denormals, nothing",
  () =>
    withTempDir(async (directory) => {
      const word = fc.oneof(
        fc.constantFrom(0x7fc00001, 0xffa00000, 0x7f800001, 0x80000000, 1, 0x007fffff, 0xff800000, 0x7f7fffff),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      );
      const array = fc.array(word).map((words) => new Float32Array(Uint32Array.from(words).buffer));
      const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(-0, 5e-324));
      const facts = fc.tuple(fc.jsonValue(), fc.array(number), fc.constantFrom("", "é", '{"__proto__":[-0]}', "null"))
        .map(([value, numbers, text]) => [value, numbers, text.startsWith("{") ? JSON.parse(text) : text]);
      const path = `${directory}/file`;
      await fc.assert(fc.asyncProperty(fc.maxSafeNat(), facts, fc.array(array), async (step, facts, numbers) => {
        await Deno.writeFile(path, await encode({ step, facts, numbers }));
        assertEquals(bits(await readCheckpoint(path)), bits({ step, facts, numbers }));
      }));
    }),
);

testFiles(
  "a checkpoint is what it was when its saving began, even where arrays are parts of larger ones",
  () =>
    withTempDir(async (directory) => {
      const whole = Float32Array.of(1, 2, 3, 4, 5);
      const facts = { epoch: 1 };
      {
        using checkpoints = await CheckpointDirectory.open(directory, false);
        const saved = checkpoints.save({ step: 1, facts, numbers: [whole.subarray(1, 3), whole.subarray(4)] });
        whole.fill(9);
        facts.epoch = 2;
        await saved;
      }
      assertSame((await resume(directory)).found, {
        step: 1,
        facts: { epoch: 1 },
        numbers: [Float32Array.of(2, 3), Float32Array.of(5)],
      });
    }),
);

Deno.test("what a file cannot say is refused before it is written", () => {
  const numbers: Float32Array[] = [];
  for (const step of [-1, 1.5, NaN, 2 ** 53]) {
    assertThrows(
      () => encode({ step, facts: 0, numbers }),
      RangeError,
      `must be a whole number of at least 0, not ${step}.`,
    );
  }
  for (const kl of [NaN, Infinity, -Infinity]) {
    const facts = { history: [{ kl }] };
    assertThrows(() => encode({ step: 1, facts, numbers }), RangeError, `must be finite, but "kl" is ${kl}.`);
  }
  const much = [new Float32Array(2 ** 26)]; // never touched, so it takes no memory
  const message = /^The checkpoint of step 1 would have 26843\d{4} bytes, more than the limit of 268435456\.$/;
  assertMatch(assertThrows(() => encode({ step: 1, facts: 0, numbers: much }), InputError).message, message);
});

Deno.test("the conv VAE's weights and moments, and what else a training is, take less than 2 MB", async () => {
  const words = Array.from({ length: 624 }, () => -(2 ** 31));
  const losses = { loss: 1 / 3, reconstruction: 1 / 3, kl: 1 / 3 };
  const facts = { order: words, noise: words, history: Array.from({ length: 1000 }, () => losses) };
  assertLess((await encode({ ...checkpointOf(1), facts })).length, 2e6);
});

testFiles("the last two are kept, and no file of anybody else's is touched", () =>
  withTempDir(async (directory) => {
    await save(directory, 1);
    assertEquals(names(directory), namesOf(1));
    const others = ["notes.txt", "step-1.checkpoint", "step-000000001.checkpoint", "step-00000001.checkpoint.gz"];
    for (const name of others) await Deno.writeTextFile(`${directory}/${name}`, "mine");
    await Deno.mkdir(`${directory}/${fileName(99)}`);
    await save(directory, 2, 3, 4, 100_000_000);
    const expected = [...namesOf(4, 100_000_000), ...others, fileName(99)].sort();
    assertEquals(names(directory), expected);
    for (const name of others) assertEquals(await Deno.readTextFile(`${directory}/${name}`), "mine");
    assertSame((await resume(directory)).found, small(100_000_000));
  }));

testFiles("a step that is saved twice counts once", () =>
  withTempDir(async (directory) => {
    await save(directory, 1, 2, 2);
    assertEquals(names(directory), namesOf(1, 2));
  }));

testFiles(
  "a directory is made or resumed; one with a training, with other files, or that is none is refused",
  () =>
    withTempDir(async (parent) => {
      const directory = `${parent}/new`;
      assertEquals((await resume(directory)).found, undefined); // killed before its first checkpoint
      assertEquals(names(directory), namesOf());
      (await CheckpointDirectory.open(directory, false))[Symbol.dispose]();
      await save(directory, 1, 2);
      assertEquals(
        await refusal(directory, () => CheckpointDirectory.open(directory, false)),
        "DIR already holds a training run at step 2: add --resume, or name another directory.",
      );
      assertSame((await resume(directory)).found, small(2));

      for (
        const open of [() => CheckpointDirectory.open(parent, false), () => CheckpointDirectory.open(parent, true)]
      ) {
        const message = 'DIR holds other files ("new") but no checkpoint: name another directory.';
        assertEquals(await refusal(parent, open), message);
      }
      const nowhere = await assertRejects(
        () => CheckpointDirectory.open(`${parent}/no/where`, false),
        EnvironmentError,
      );
      assertEquals(nowhere.message, `Cannot write ${parent}/no/where: the directory above it does not exist.`);
      await Deno.writeTextFile(`${parent}/file`, "mine");
      const file = await assertRejects(() => CheckpointDirectory.open(`${parent}/file`, true), InputError);
      assertEquals(file.message, `${parent}/file is not a directory.`);
      assertEquals(await Deno.readTextFile(`${parent}/file`), "mine");
    }),
);

testFiles(
  "what a killed training left half written is removed, or else written over",
  () =>
    withTempDir(async (directory) => {
      await save(directory, 1);
      await Deno.writeTextFile(`${directory}/${fileName(2)}.partial`, "VAE check");
      assertSame((await resume(directory)).found, small(1));
      assertEquals(names(directory), namesOf(1));

      using checkpoints = await CheckpointDirectory.open(directory, true);
      await Deno.writeFile(`${directory}/${fileName(2)}.partial`, new Uint8Array(10_000));
      await checkpoints.save(small(2)); // shorter than what could not be removed
      assertSame(await readCheckpoint(`${directory}/${fileName(2)}`), small(2));
    }),
);

testFiles(
  "a damaged newest checkpoint: the one before, and a sentence; all damaged: a sentence",
  () =>
    withTempDir(async (directory) => {
      await save(directory, 1, 2);
      await edit(`${directory}/${fileName(2)}`, (file) => file.with(-1, file.at(-1)! ^ 1));
      const { found, passedOver } = await resume(directory);
      assertSame(found, small(1));
      assertEquals(passedOver, [`${directory}/${fileName(2)} is damaged: its checksum is wrong.`]);

      await edit(`${directory}/${fileName(1)}`, (file) => file.subarray(1));
      assertMatch(
        await refusal(directory, () => resume(directory)),
        /^No checkpoint in DIR is intact: name another directory\. The newest: DIR\/step-00000002\.checkpoint is damaged: /,
      );
    }),
);

testFiles("a checkpoint under another step's name counts as damaged", () =>
  withTempDir(async (directory) => {
    await save(directory, 1);
    await Deno.copyFile(`${directory}/${fileName(1)}`, `${directory}/${fileName(7)}`);
    const { found, passedOver } = await resume(directory);
    assertSame(found, small(1));
    assertEquals(passedOver, [`${directory}/${fileName(7)} holds step 1: it was renamed.`]);
  }));

testFiles(
  "after a fallback, the damaged one makes way for the next that is saved, and not the whole one",
  () =>
    withTempDir(async (directory) => {
      await save(directory, 1, 2, 9);
      await edit(`${directory}/${fileName(9)}`, (file) => file.subarray(1));
      await save(directory, 5); // resumed from step 2
      assertEquals(names(directory), namesOf(2, 5));
      await save(directory, 6);
      assertEquals(names(directory), namesOf(5, 6));
    }),
);

testFiles(
  "one that cannot be read is passed over, and neither removed nor overwritten",
  () =>
    withTempDir(async (directory) => {
      await save(directory, 1, 2);
      const { open } = Deno;
      /** Makes the disk fail where the newest checkpoint is, or all are. */
      const failing = (error: Error, path: string) =>
        Object.assign(Deno, {
          open: (...args: Parameters<typeof open>) =>
            String(args[0]).includes(path) && !args[1]?.write ? Promise.reject(error) : open(...args),
        });
      const denied = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
      const broken = Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" });
      const path = `${directory}/${fileName(2)}`;
      try {
        for (const error of [denied, broken]) {
          failing(error, fileName(2));
          using checkpoints = await CheckpointDirectory.open(directory, true);
          assertSame(checkpoints.found, small(1));
          assertEquals(checkpoints.passedOver, [`Cannot read ${path}: ${error.message}.`]);
          if (error === denied) continue;
          for (const step of [3, 4]) await checkpoints.save(small(step));
          assertEquals(names(directory), namesOf(2, 3, 4));
          const over = await assertRejects(() => checkpoints.save(checkpointOf(2, 4)), EnvironmentError);
          assertEquals(over.message, `${path} could not be read, so it is not overwritten.`);
        }
        failing(denied, ".checkpoint");
        const none = await assertRejects(() => resume(directory), EnvironmentError);
        assert(
          none.message.startsWith(
            `No checkpoint in ${directory} could be read. The newest: Cannot read ${directory}/step-`,
          ),
        );
      } finally {
        Object.assign(Deno, { open });
      }
      assertSame(await readCheckpoint(path), small(2));
    }),
);

testFiles(
  "a file with any byte changed, cut off anywhere, or followed by more is refused",
  () =>
    withTempDir(async (directory) => {
      const path = `${directory}/file`;
      const file = await encode(small(3));
      const refused = async (bad: Uint8Array, why = "") => {
        await Deno.writeFile(path, bad);
        await assertRejects(() => readCheckpoint(path), InputError, `${path} is damaged: ${why}`);
      };
      for (let at = 0; at < file.length; at++) {
        for (const change of [1, 0x80, 0xff]) await refused(file.with(at, file[at] ^ change));
        await refused(file.subarray(0, at), `it has ${at} bytes, `);
      }
      for (const more of [1, 4, 1000]) {
        const long = new Uint8Array(file.length + more);
        long.set(file);
        await refused(long, `it has ${long.length} bytes, but its header promises ${file.length}.`);
      }
      await Deno.writeFile(path, file);
      assertSame(await readCheckpoint(path), small(3));
    }),
);

testFiles(
  "a file whose checksum is right, and which says no checkpoint all the same, is refused",
  () =>
    withTempDir(async (directory) => {
      const path = `${directory}/file`;
      const file = await encode({ step: 1, facts: null, numbers: [Float32Array.of(1, 2, 3)] });
      const [step, lengths, fill] = ["it has no step", "its arrays have no lengths", "its arrays do not fill it"];
      for (
        const [text, why] of [
          ...["null", "7", "[]", "{}", '{"__proto__":{"step":1,"lengths":[3]}}'].map((text) => [text, step]),
          ...['"1"', "-1", "1.5", "null", "[1]", "1e300"].map((n) => [`{"step":${n},"lengths":[3]}`, step]),
          ...['"3"', "null", "{}", "3", "[1.5,1.5]", "[4,-1]", '["3"]', "[[3]]", "[null,3]"]
            .map((value) => [`{"step":1,"lengths":${value}}`, lengths]),
          ...["[]", "[2]", "[4]", "[1e9]", "[3,9007199254740991]"].map((
            value,
          ) => [`{"step":1,"lengths":${value}}`, fill]),
          ["{", ""],
          ["", ""],
        ]
      ) {
        await Deno.writeFile(path, seal(withText(file, text)));
        const { message } = await assertRejects(() => readCheckpoint(path), InputError);
        assert(message.startsWith(`${path} is damaged: ${why}`), `${text}: ${message}`);
      }
      await Deno.writeFile(path, seal(withText(file, '{"step":1,"lengths":[1,0,2],"facts":{"__proto__":1}}')));
      const { facts, numbers } = await readCheckpoint(path);
      assertEquals(numbers, [Float32Array.of(1), new Float32Array(), Float32Array.of(2, 3)]);
      assertEquals([Object.keys(facts as object), Object.getPrototypeOf(facts)], [["__proto__"], Object.prototype]);

      const unpadded = new Uint8Array([
        ...file.subarray(0, 56),
        ...new TextEncoder().encode('{"step":1,"lengths":[]}'),
      ]);
      new DataView(unpadded.buffer).setUint32(48, unpadded.length - 56, true);
      new DataView(unpadded.buffer).setUint32(52, 0, true);
      await Deno.writeFile(path, seal(unpadded));
      await assertRejects(() => readCheckpoint(path), InputError, `${path} is damaged: its text is not padded.`);
    }),
);

testFiles(
  "a file as large as it says, and too large, is refused and no memory taken for it",
  () =>
    withTempDir(async (directory) => {
      const path = `${directory}/file`;
      const file = await encode({ step: 1, facts: null, numbers: [] });
      for (const count of [2 ** 26, 2 ** 29, 2 ** 30 - 64]) {
        new DataView(file.buffer).setUint32(52, count, true);
        await Deno.writeFile(path, file);
        await Deno.truncate(path, file.length + 4 * count); // sparse: it takes no place on the disk either
        const [{ message }, largest] = await measured(() => assertRejects(() => readCheckpoint(path), InputError));
        const size = file.length + 4 * count;
        assertEquals(message, `${path} is damaged: it has ${size} bytes, more than the limit of 268435456.`);
        assertLess(largest, 100);
      }
    }),
);

testIf(
  unix,
  "--allow-read --allow-write --allow-run, and Unix",
  "a pipe, a link, a directory or a device in place of a checkpoint neither hangs nor counts",
  () =>
    withTempDir(async (directory) => {
      await save(directory, 1);
      const target = `${directory}/target`;
      await Deno.copyFile(`${directory}/${fileName(1)}`, target);
      const path = `${directory}/${fileName(2)}`;
      await new Deno.Command("mkfifo", { args: [path] }).output();
      const damaged = [`${path} is damaged: it is not a file.`];
      const pipe = await resume(directory);
      assertSame(pipe.found, small(1));
      assertEquals(pipe.passedOver, damaged);
      for (const other of [target, "/dev/zero", `${directory}/nothing`]) {
        await Deno.remove(path);
        await Deno.symlink(other, path);
        const { found, passedOver: sentences } = await resume(directory);
        assertSame(found, small(1));
        assertEquals(sentences, damaged);
      }
      await Deno.remove(path);
      await Deno.mkdir(path);
      assertSame((await resume(directory)).found, small(1));
      await assertRejects(() => save(directory, 2), EnvironmentError, `Cannot write ${path}: `);
      assert(!names(directory).includes(`${fileName(2)}.partial`));
      await save(directory, 3);

      await Deno.remove(`${directory}/checkpoints.lock`);
      await new Deno.Command("mkfifo", { args: [`${directory}/checkpoints.lock`] }).output();
      assertSame((await resume(directory)).found, small(3));
    }),
);

testRun(
  "two trainings at once: the second is refused, also in another process, until the first has ended",
  () =>
    withTempDir(async (parent) => {
      const directory = `${parent}/new`;
      {
        using first = await CheckpointDirectory.open(directory, false);
        const busy = "Another training run is writing to DIR: name another directory.";
        for (const again of [false, true]) {
          assertEquals(await refusal(directory, () => CheckpointDirectory.open(directory, again)), busy);
        }
        await first.save(small(1));
        assertEquals(await refusal(directory, () => CheckpointDirectory.open(directory, false)), busy);
        const { code, stdout } = await saver(directory, "resume").output();
        assertEquals(code, 1);
        assertEquals(new TextDecoder().decode(stdout).replace(directory, "DIR"), `InputError: ${busy}\n`);
      }
      assertEquals((await saver(directory, "resume").output()).code, 0);
    }),
);

testRun(
  "without a permission: a sentence with the flag to add; with both of them, and no others, all is well",
  () =>
    withTempDir(async (parent) => {
      const directory = `${parent}/new`;
      const [read, write] = [`--allow-read=${directory}`, `--allow-write=${directory}`];
      for (const made of [false, true]) {
        if (made) await save(directory, 1);
        for (
          const [flags, message] of [
            [[], `Checkpoints in ${directory} require two permissions: add ${read} ${write}.`],
            [[read], `Writing to ${directory} requires a permission: add ${write}.`],
            [[write], `Reading ${directory} requires a permission: add ${read}.`],
          ] as const
        ) {
          const { code, out } = await deno(["run", "--no-prompt", ...flags, "test/_saver.ts", directory, "resume"]);
          assertEquals([code, out], [1, `EnvironmentError: ${message}\n`]);
          if (!made) assertEquals(names(parent), [], "no directory is left behind");
        }
      }
      assertEquals((await saver(directory, "resume").output()).code, 0);
    }),
);

testFiles(
  "a file is flushed before it has its name, and its directory after that; only then are others removed",
  () =>
    withTempDir(async (directory) => {
      await save(directory, 1, 2);
      const { rename, remove } = Deno;
      const { sync } = Deno.FsFile.prototype;
      const log: string[] = [];
      const base = (path: string | URL) => String(path).split("/").at(-1)!;
      const size = (await encode(small(3))).length;
      try {
        Deno.FsFile.prototype.sync = async function () {
          const file = await this.stat();
          log.push(file.isDirectory ? "flush directory" : `flush ${file.size === size ? "whole file" : "part"}`);
          await sync.call(this);
        };
        Deno.rename = (from, to) => (log.push(`${base(from)} to ${base(to)}`), rename(from, to));
        Deno.remove = (path) => (log.push(`remove ${base(path)}`), remove(path));
        await save(directory, 3);
      } finally {
        Object.assign(Deno, { rename, remove });
        Deno.FsFile.prototype.sync = sync;
      }
      assertEquals(log, [
        "flush whole file",
        `${fileName(3)}.partial to ${fileName(3)}`,
        "flush directory",
        `remove ${fileName(1)}`,
      ]);
    }),
);

/** What _saver.ts says of a place that is too small for its third checkpoint. */
async function tooLarge(directory: string, program: string, ...args: string[]): Promise<void> {
  const permissions = [`--allow-read=${directory}`, `--allow-write=${directory}`];
  const command = [Deno.execPath(), "run", "--no-prompt", "--no-code-cache", ...permissions];
  const options = {
    args: [...args, ...command, "test/_saver.ts", directory, "too large"],
    cwd: new URL("..", import.meta.url),
  };
  const { stdout, stderr } = await new Deno.Command(program, options).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertMatch(out, /^\{.*\}\n$/, out + err);
  const { error, message, left, after } = JSON.parse(out);
  assertEquals(error, "EnvironmentError");
  assertMatch(
    message.replace(directory, "DIR"),
    /^Cannot write DIR\/step-00000003\.checkpoint: (No space left|File too large)/,
  );
  assertEquals(left, namesOf(1, 2));
  assertEquals(after, namesOf(2, 4));
}

/** Whether a program ends well; false where there is no such program. */
async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** For `unshare`: a file system of 100 kB, mounted where the next argument says, that only the rest of the line sees. */
const SMALL_DISK = ["-rm", "sh", "-c", 'mount -t tmpfs -o size=100k tmpfs "$0" && exec "$@"'];

testIf(
  unix && await succeeds("unshare", ...SMALL_DISK, "/tmp", "true"),
  "--allow-read --allow-write --allow-run, and leave to mount a disk (unshare -rm)",
  "a full disk: a sentence, what was there is there still, and later checkpoints are saved",
  () => withTempDir((directory) => tooLarge(directory, "unshare", ...SMALL_DISK, directory)),
);

testIf(
  unix && await succeeds("bash", "-c", "ulimit -f 100"),
  "--allow-read --allow-write --allow-run, and bash",
  "a write that fails in its middle: the same",
  () => {
    const limit = 'trap "" XFSZ; ulimit -f 100; exec "$@"'; // kB; without the trap, the signal would kill
    return withTempDir((directory) => tooLarge(directory, "bash", "-c", limit, "bash"));
  },
);

testIf(
  unix && await succeeds("bash", "-c", "ulimit -f 100"),
  "--allow-read --allow-write --allow-run, and bash",
  "a new file that cannot be written to its end is not there, with the permission to write alone",
  () =>
    withTempDir(async (directory) => {
      const limit = 'trap "" XFSZ; ulimit -f 100; exec "$@"'; // kB
      const program = ["run", "--no-prompt", "--no-code-cache", `--allow-write=${directory}`, "test/_saver.ts"];
      const args = ["-c", limit, "bash", Deno.execPath(), ...program, directory, "new file"];
      const { stdout } = await new Deno.Command("bash", { args, cwd: ROOT }).output();
      assertMatch(new TextDecoder().decode(stdout), /^EnvironmentError: Cannot write .*file: File too large/);
      assertEquals(names(directory), []);
    }),
);

testFiles(
  "a new file is on the disk when its promise is kept; one that is there is not touched",
  () =>
    withTempDir(async (directory) => {
      const { sync } = Deno.FsFile.prototype;
      const flushed: number[] = [];
      try {
        Deno.FsFile.prototype.sync = async function () {
          flushed.push((await this.stat()).size);
          await sync.call(this);
        };
        await newFile(`${directory}/file`, new Uint8Array(5), directory);
      } finally {
        Deno.FsFile.prototype.sync = sync;
      }
      assertEquals(flushed, [5]);
      await assertRejects(
        () => newFile(`${directory}/file`, new Uint8Array(3), directory),
        InputError,
        "already exists",
      );
      assertEquals((await Deno.readFile(`${directory}/file`)).length, 5);
    }),
);

testFiles(
  "fuzz: 300 spoilt files, each refused or read as another reader reads it",
  () =>
    withTempDir(async (directory) => {
      const { read, refused, largest } = await fuzz(directory, 300, 1);
      assert(read > 10 && refused > 200, `${read} read, ${refused} refused`); // both kinds are there
      assertLess(largest, 64e6);
    }),
);

testRun(
  "a training killed by SIGKILL 5 times at random: the newest checkpoint is whole, and no saved one is lost",
  () =>
    withTempDir(async (directory) => {
      await killAgainAndAgain(`${directory}/new`, 5);
    }),
);

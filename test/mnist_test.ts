import { assert, assertEquals, assertGreater, assertLess, assertMatch, assertRejects } from "@std/assert";
import { EnvironmentError, InputError } from "../src/errors.ts";
import { sha256 } from "../src/disk/sha256.ts";
import { unpack } from "../src/data/idx.ts";
import { loadImages } from "../src/data/load_images.ts";
import { loadMnist } from "../src/data/mnist.ts";
import { withCache } from "./_download.ts";
import { gzip, writeIdx } from "./_idx.ts";
import { type Answer, down, file, files, half, serve, silence, status } from "./_mirror.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const disk = await granted({ name: "read" }) && await granted({ name: "write" });
const loopback = await granted({ name: "net", host: "127.0.0.1" });
const mnist = await granted({ name: "env", variable: "MNIST_DIR" }) ? Deno.env.get("MNIST_DIR") : undefined;
const readsMnist = mnist !== undefined && await granted({ name: "read", path: mnist });

const testFiles = testIf.bind(undefined, disk, "--allow-read --allow-write");
const testNet = testIf.bind(undefined, loopback, "--allow-net=127.0.0.1");
const testMnist = testIf.bind(undefined, readsMnist, "MNIST_DIR, --allow-env=MNIST_DIR and --allow-read of it");

// ## Directories

/** The four files of a small data set of 28×28 images: 5 to train on, 3 to test on. */
const SMALL = {
  "train-images-idx3-ubyte": writeIdx([5, 28, 28]),
  "train-labels-idx1-ubyte": writeIdx([5]),
  "t10k-images-idx3-ubyte": writeIdx([3, 28, 28]),
  "t10k-labels-idx1-ubyte": writeIdx([3]),
};

/** Calls `use` with a directory named `mine` that holds the small data set with `changes`; `undefined` leaves a file out. */
function withDirectory(
  changes: Record<string, Uint8Array | undefined>,
  use: (directory: string) => Promise<unknown>,
) {
  return withTempDir(async (parent) => {
    const directory = `${parent}/mine`;
    await Deno.mkdir(directory);
    for (const [name, bytes] of Object.entries({ ...SMALL, ...changes })) {
      if (bytes) await Deno.writeFile(`${directory}/${name}`, bytes);
    }
    await use(directory);
  });
}

/** Asserts that a directory with these changes, given with a slash, is refused with this sentence. */
const refused = (changes: Record<string, Uint8Array | undefined>, sentence: string) =>
  withDirectory(changes, async (directory) => {
    const error = await assertRejects(() => loadMnist({ directory: `${directory}/` }), InputError);
    assertEquals(error.message.replaceAll(directory, "DIR"), sentence);
  });

const WANTED = "expected a directory with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, " +
  "t10k-labels-idx1-ubyte, each with or without .gz, or images in another form that data/README.md lists.";

testFiles("a directory of 28×28 images, with and without a slash at its end, also as --data", async () => {
  await withDirectory({}, async (directory) => {
    for (const data of [await loadMnist({ directory: `${directory}/` }), await loadImages(directory)]) {
      assertEquals(data.name.replace(/\/$/, ""), directory);
      assertEquals([data.train.count, data.test.count, data.train.height, data.train.width], [5, 3, 28, 28]);
      assertEquals(data.train.labels, Uint8Array.of(0, 1, 2, 3, 4));
      assertEquals(data.test.pixels, SMALL["t10k-images-idx3-ubyte"].subarray(16));
      assertEquals(data.train.factors, undefined);
    }
  });
});

testFiles("files may be packed, and may have a dot in their name", async () => {
  const changes = {
    "train-images-idx3-ubyte": undefined,
    "train-images.idx3-ubyte.gz": await gzip(SMALL["train-images-idx3-ubyte"]),
    "t10k-labels-idx1-ubyte": undefined,
    "t10k-labels.idx1-ubyte": SMALL["t10k-labels-idx1-ubyte"],
  };
  await withDirectory(changes, async (directory) => {
    const { train, test } = await loadMnist({ directory });
    assertEquals(train.pixels, SMALL["train-images-idx3-ubyte"].subarray(16));
    assertEquals(test.labels, Uint8Array.of(0, 1, 2));
  });
});

testFiles("bad input: no such directory, and a file of labels in its place", async () => {
  await withDirectory({}, async (directory) => {
    const none = await assertRejects(() => loadImages(`${directory}/mnits`), InputError);
    assertEquals(none.message, `There is no "${directory}/mnits": ${WANTED}`);
    const labels = `${directory}/t10k-labels-idx1-ubyte`;
    const file = await assertRejects(() => loadImages(labels), InputError);
    assertEquals(file.message, `${labels} holds labels, no images.`);
  });
});

testFiles("bad input: a file missing", () =>
  refused(
    { "t10k-images-idx3-ubyte": undefined },
    `DIR/ has no t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz: ${WANTED}`,
  ));

testFiles("bad input: a file cut short, unpacked or packed", async () => {
  const whole = SMALL["train-images-idx3-ubyte"];
  await refused(
    { "train-images-idx3-ubyte": whole.subarray(0, 1000) },
    "DIR/train-images-idx3-ubyte is cut short: it has 1000 bytes of the 3936 that its header promises.",
  );
  await refused(
    { "train-images-idx3-ubyte": undefined, "train-images-idx3-ubyte.gz": (await gzip(whole)).subarray(0, 100) },
    "DIR/train-images-idx3-ubyte.gz is broken: its gzip stream is cut short or corrupt.",
  );
});

testFiles("bad input: labels in place of images", () =>
  refused(
    {
      "train-images-idx3-ubyte": SMALL["train-labels-idx1-ubyte"],
      "train-labels-idx1-ubyte": SMALL["train-images-idx3-ubyte"],
    },
    "DIR/train-images-idx3-ubyte holds an array of rank 1 (labels); expected rank 3 (images).",
  ));

testFiles("bad input: not gzip", async () => {
  const text = new TextEncoder().encode("Not found");
  await refused(
    { "t10k-labels-idx1-ubyte": undefined, "t10k-labels-idx1-ubyte.gz": text },
    "DIR/t10k-labels-idx1-ubyte.gz is not gzip: it begins with 4e 6f, expected 1f 8b.",
  );
});

testFiles("bad input: held-out images of another size", () =>
  refused(
    { "t10k-images-idx3-ubyte": writeIdx([3, 32, 32]) },
    "DIR/t10k-images-idx3-ubyte has images of 32 x 32 pixels; expected 28 x 28.",
  ));

testFiles("bad input: a header that promises gigabytes", () =>
  refused(
    { "train-images-idx3-ubyte": writeIdx([5, 28, 28]).fill(0xff, 4, 8) },
    "DIR/train-images-idx3-ubyte promises 4294967295 x 28 x 28 bytes, more than the limit of 2147483648 (2 GiB): " +
      "provide larger data as examples whose batches read the disk.",
  ));

testFiles("bad input: counts that differ", () =>
  refused(
    { "train-labels-idx1-ubyte": writeIdx([4]) },
    "DIR/train-images-idx3-ubyte and DIR/train-labels-idx1-ubyte do not belong together: 5 images, 4 entries.",
  ));

testFiles("labels may be any numbers", async () => {
  const labels = Uint8Array.of(0, 9, 4, 10, 255);
  await withDirectory({ "train-labels-idx1-ubyte": writeIdx([5], labels) }, async (directory) => {
    assertEquals((await loadMnist({ directory })).train.labels, labels);
  });
});

testFiles("bad input: an empty half", async () => {
  await refused(
    { "train-images-idx3-ubyte": writeIdx([0, 28, 28]), "train-labels-idx1-ubyte": writeIdx([0]) },
    "DIR/train-images-idx3-ubyte has no images: 0 x 28 x 28.",
  );
  await refused(
    { "t10k-images-idx3-ubyte": writeIdx([0, 28, 28]), "t10k-labels-idx1-ubyte": writeIdx([0]) },
    "DIR/t10k-images-idx3-ubyte has no images: 0 x 28 x 28.",
  );
  await refused(
    { "t10k-labels-idx1-ubyte": new Uint8Array() }, // a file of no bytes
    "DIR/t10k-labels-idx1-ubyte is not an IDX file of bytes: it begins with nothing, expected 00 00 08 01.",
  );
});

testFiles(
  "bad input: an empty folder in a file's place, a file without end, one that is too long",
  () =>
    withDirectory({}, async (directory) => {
      const path = `${directory}/t10k-images-idx3-ubyte`;
      const says = async (sentence: string) => {
        const error = await assertRejects(() => loadMnist({ directory }), InputError);
        assertEquals(error.message, sentence);
        await Deno.remove(path);
      };
      await Deno.truncate(path, 2 ** 31 + 1); // takes no space on the disk
      await says(
        `${path} has 2147483649 bytes, more than the limit of 2147483648 (2 GiB): ` +
          "provide larger data as examples whose batches read the disk.",
      );
      await Deno.mkdir(path);
      await says(`${directory} has no t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz: ${WANTED}`);
      if (Deno.build.os === "windows") return;
      await Deno.symlink("/dev/zero", path);
      await says(`Cannot read ${path} (it is not a file): ${WANTED}`);
    }),
);

Deno.test({
  name: "a directory without permission to read it: the sentence has the flag",
  permissions: "none",
  async fn() {
    await assertRejects(
      () => loadMnist({ directory: "some/where" }),
      EnvironmentError,
      "Reading some/where requires a permission: add --allow-read=some/where.",
    );
  },
});

// ## The network

const LABELS = writeIdx([4]);

const WAYS_OUT = "instead, download it once while online, so that the cache has it; name a directory of its files " +
  "(--data DIRECTORY); or use the embedded digits (--data digits).";

testNet("no network: one sentence with the three ways out", () =>
  withCache(async (cache) => {
    const [one, two] = [await down(), await down()];
    const error = await assertRejects(() => loadMnist({ mirrors: [one.url, two.url], cache }), EnvironmentError);
    assertEquals(
      error.message.replace(/^Cannot fetch (train|t10k)-(images-idx3|labels-idx1)-ubyte.gz/, "Cannot fetch FILE"),
      `Cannot fetch FILE: ${one.host} cannot be reached; ${two.host} cannot be reached; ${WAYS_OUT}`,
    );
  }));

testNet("MNIST from mirrors that have something else", () =>
  withCache(async (cache) => {
    await using mirror = serve(file(LABELS));
    const { message } = await assertRejects(() => loadMnist({ mirrors: [mirror.url], cache }), EnvironmentError);
    assert(message.includes(`${mirror.host} sends a file with SHA-256 ${await sha256(LABELS)}, expected `), message);
    assert(message.endsWith(`; ${WAYS_OUT}`), message);
  }));

testNet("if one file cannot be had, the others are given up", () =>
  withCache(async (cache) => {
    const answer: Answer = async (connection, path) => {
      while (mirror.asked < 4) await new Promise((done) => setTimeout(done, 1));
      await (path.startsWith("/train-images") ? status(404) : silence)(connection, path);
    };
    await using mirror = serve(answer);
    await assertRejects(
      () => loadMnist({ mirrors: [mirror.url], cache }),
      EnvironmentError,
      `Cannot fetch train-images-idx3-ubyte.gz: ${mirror.host} answers with status 404; `,
    );
    for (let i = 0; i < 10_000 && mirror.open > 0; i++) await new Promise((done) => setTimeout(done, 1));
    assertEquals([mirror.open, mirror.asked], [0, 4]);
  }));

testNet("progress is that of all four files", () =>
  withCache(async (cache) => {
    await using mirror = serve(half(LABELS), half(LABELS), half(LABELS), half(LABELS), status(404));
    const told: number[][] = [];
    await assertRejects(
      () => loadMnist({ mirrors: [mirror.url], cache, onProgress: (...numbers) => told.push(numbers) }),
      EnvironmentError,
    );
    assertEquals(told.at(-1), [4 * LABELS.length / 2, 4 * LABELS.length]);
  }));

Deno.test({
  name: "MNIST without permission for the network: the sentence has the flag",
  permissions: "none",
  fn: () =>
    withCache(async (cache) => {
      const error = await assertRejects(() => loadMnist({ cache }), EnvironmentError);
      assertMatch(
        error.message,
        /^Cannot fetch [\w-]+\.gz: storage\.googleapis\.com requires a permission; ossci-datasets\.s3\.amazonaws\.com requires a permission; add --allow-net=storage\.googleapis\.com,ossci-datasets\.s3\.amazonaws\.com\.$/,
      );
    }),
});

// ## MNIST itself

/** Examples of each class, 0 to 9. */
const histogram = (labels: Uint8Array) =>
  labels.reduce((counts, label) => counts.with(label, counts[label] + 1), Array(10).fill(0));

testMnist("MNIST: names, counts, labels and pixel sums", async () => {
  const { name, train, test } = await loadMnist({ directory: `${mnist}/.` });
  assertEquals(name, "mnist"); // not the path, so all four hashes hold
  assertEquals([train.count, train.height, train.width, test.count], [60_000, 28, 28, 10_000]);
  assertEquals([...train.labels.subarray(0, 10)], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  assertEquals([...test.labels.subarray(0, 10)], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  assertEquals(histogram(train.labels), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  assertEquals(histogram(test.labels), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  // The published mean of a training pixel is 0.1307 and its standard deviation 0.3081, to four places.
  const mean = train.pixels.reduce((sum, grey) => sum + grey, 0) / train.pixels.length / 255;
  const variance = train.pixels.reduce((sum, grey) => sum + (grey / 255 - mean) ** 2, 0) / train.pixels.length;
  assertLess(Math.abs(mean - 0.1307), 0.5e-4);
  assertLess(Math.abs(Math.sqrt(variance) - 0.3081), 0.5e-4);
});

/** One of MNIST's four files as it lies in `MNIST_DIR`, packed or not. */
const original = (name: string) => Deno.readFile(`${mnist}/${name}.gz`).catch(() => Deno.readFile(`${mnist}/${name}`));

testIf(
  readsMnist && loopback,
  "MNIST_DIR and --allow-net=127.0.0.1",
  "MNIST fetched: from the second mirror, then from the cache",
  () =>
    withCache(async (cache) => {
      const bodies = new Map<string, Uint8Array<ArrayBuffer>>();
      for (const name of Object.keys(SMALL)) bodies.set(`/${name}.gz`, await original(name));
      const length = [...bodies.values()].reduce((sum, { length }) => sum + length, 0);
      await using bad = serve(file(LABELS));
      const good = serve(files(bodies));
      const mirrors = [bad.url, good.url];
      const told: number[][] = [];
      const onProgress = (...numbers: number[]) => void told.push(numbers);
      const fetched = await loadMnist({ mirrors, cache, onProgress });
      assertEquals(told.at(-1), [length, length]);
      assertGreater(told.length, 20);
      await good[Symbol.asyncDispose]();
      const count = told.length;
      const cached = await loadMnist({ mirrors, cache, onProgress });
      assertEquals([bad.asked, good.asked, told.length], [4, 4, count]);
      const { train } = await loadMnist({ directory: mnist });
      for (const data of [fetched, cached]) {
        assertEquals(data.name, "mnist");
        assertEquals(data.train.labels, train.labels);
        assert(data.train.pixels.every((grey, i) => grey === train.pixels[i]));
      }
    }),
);

testIf(
  readsMnist && disk,
  "MNIST_DIR, --allow-read and --allow-write",
  "MNIST with one label changed is not MNIST, but may lie in a directory, and is named as that",
  async () => {
    const labels = (await unpack(await original("t10k-labels-idx1-ubyte"), "labels")).slice();
    labels[8 + 9_999] = 7;
    const changes: Record<string, Uint8Array | undefined> = { "t10k-labels-idx1-ubyte": labels };
    for (const name of Object.keys(SMALL).slice(0, 3)) {
      changes[name] = await unpack(await original(name), name);
    }
    await withDirectory(changes, async (directory) => {
      const { name, test } = await loadMnist({ directory });
      assertEquals([name, test.count, test.labels[9_999]], [directory, 10_000, 7]);
    });
  },
);

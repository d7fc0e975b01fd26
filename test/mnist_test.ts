import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { EnvironmentError, InputError } from "../src/errors.ts";
import { download, sha256 } from "../src/data/download.ts";
import { unpack } from "../src/data/idx.ts";
import { loadImages } from "../src/data/load.ts";
import { loadMnist } from "../src/data/mnist.ts";
import { gzip, writeIdx } from "./_idx.ts";

const granted = async (descriptor: Deno.PermissionDescriptor) =>
  (await Deno.permissions.query(descriptor)).state === "granted";
const files = await granted({ name: "read" }) && await granted({ name: "write" });
const loopback = await granted({ name: "net", host: "127.0.0.1" });
const mnist = await granted({ name: "env", variable: "MNIST_DIR" }) ? Deno.env.get("MNIST_DIR") : undefined;
const readsMnist = mnist !== undefined && await granted({ name: "read", path: mnist });

/** A test that ignores itself where what it needs is missing, and then says so in its name. */
function testIf(possible: boolean, need: string, name: string, fn: () => Promise<void>) {
  Deno.test({ name: possible ? name : `${name} (ignored: needs ${need})`, ignore: !possible, fn });
}
const testFiles = testIf.bind(undefined, files, "--allow-read --allow-write");
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
async function withDirectory(
  changes: Record<string, Uint8Array | undefined>,
  use: (directory: string) => Promise<unknown>,
) {
  const parent = await Deno.makeTempDir();
  try {
    const directory = `${parent}/mine`;
    await Deno.mkdir(directory);
    for (const [name, bytes] of Object.entries({ ...SMALL, ...changes })) {
      if (bytes) await Deno.writeFile(`${directory}/${name}`, bytes);
    }
    await use(directory);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

/** Asserts that a directory with these changes, given with a slash, is refused with this sentence. */
const refused = (changes: Record<string, Uint8Array | undefined>, sentence: string) =>
  withDirectory(changes, async (directory) => {
    const error = await assertRejects(() => loadMnist({ directory: `${directory}/` }), InputError);
    assertEquals(error.message.replaceAll(directory, "DIR"), sentence);
  });

const WANTED = "wanted is a directory with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, " +
  "t10k-labels-idx1-ubyte, each with or without .gz.";

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

testFiles("bad input: no such directory, and a file in its place", async () => {
  await withDirectory({}, async (directory) => {
    const none = await assertRejects(() => loadImages(`${directory}/mnits`), InputError);
    assertEquals(none.message, `There is no "${directory}/mnits": ${WANTED}`);
    await assertRejects(() => loadImages(`${directory}/t10k-labels-idx1-ubyte`), InputError, "cannot be read");
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
    "DIR/train-images-idx3-ubyte holds an array of rank 1 (labels), where rank 3 (images) is wanted.",
  ));

testFiles("bad input: not gzip", () =>
  refused(
    { "t10k-labels-idx1-ubyte": undefined, "t10k-labels-idx1-ubyte.gz": SMALL["t10k-labels-idx1-ubyte"] },
    "DIR/t10k-labels-idx1-ubyte.gz is not gzip: it begins with 00 00, where 1f 8b is wanted.",
  ));

testFiles("bad input: images of 32×32", () =>
  refused(
    { "t10k-images-idx3-ubyte": writeIdx([3, 32, 32]) },
    "DIR/t10k-images-idx3-ubyte has images of 32 x 32 pixels, where 28 x 28 is wanted.",
  ));

testFiles("bad input: a header that promises gigabytes", () =>
  refused(
    { "train-images-idx3-ubyte": writeIdx([5, 28, 28]).fill(0xff, 4, 8) },
    "DIR/train-images-idx3-ubyte promises 4294967295 x 28 x 28 bytes, more than the 1073741824 that are read: its header " +
      "must be wrong.",
  ));

testFiles("bad input: counts that differ", () =>
  refused(
    { "train-labels-idx1-ubyte": writeIdx([4]) },
    "DIR/train-images-idx3-ubyte and DIR/train-labels-idx1-ubyte do not belong together: 5 images, 4 entries.",
  ));

Deno.test({
  name: "a directory without permission to read it: the sentence has the flag",
  permissions: "none",
  async fn() {
    await assertRejects(
      () => loadMnist({ directory: "some/where" }),
      EnvironmentError,
      "Reading some/where takes a permission: add --allow-read=some/where.",
    );
  },
});

// ## The network

/** A file to download, its SHA-256, and the same with one label changed. */
const RIGHT = writeIdx([4], Uint8Array.of(3, 1, 4, 1));
const HASH = await sha256(RIGHT);
const WRONG = writeIdx([4], Uint8Array.of(2, 7, 1, 8));
const [PACKED, PACKED_WRONG] = [await gzip(RIGHT), await gzip(WRONG)];

/** A mirror on this machine: its URL, and how often it was asked. */
interface Mirror extends AsyncDisposable {
  url: string;
  host: string;
  asked: number;
}

/** Starts a mirror that answers with `body`, or with status 404. */
function serve(body?: (path: string) => BodyInit | undefined): Mirror {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    mirror.asked++;
    const found = body?.(new URL(request.url).pathname);
    return found === undefined ? new Response("nothing here", { status: 404 }) : new Response(found);
  });
  const host = `127.0.0.1:${server.addr.port}`;
  const mirror = { host, url: `http://${host}/`, asked: 0, [Symbol.asyncDispose]: () => server.shutdown() };
  return mirror;
}

/** A mirror that is switched off. */
async function down(): Promise<Mirror> {
  await using mirror = serve();
  return mirror;
}

/** Calls `use` with the name of a cache of its own. */
async function withCache(use: (cache: string) => Promise<void>) {
  const cache = `test-${crypto.randomUUID()}`;
  try {
    await use(cache);
  } finally {
    await caches.delete(cache);
  }
}

const get = (cache: string, ...mirrors: Mirror[]) =>
  download({ name: "labels.gz", hash: HASH, mirrors: mirrors.map(({ url }) => url), cache });

testNet(
  "one mirror down, one that has nothing, one wrong, one right: the right one counts, and then the cache",
  () =>
    withCache(async (cache) => {
      const mirrors = [await down(), serve(), serve(() => PACKED_WRONG), serve(() => PACKED), serve(() => PACKED)];
      assertEquals(await get(cache, ...mirrors), RIGHT);
      assertEquals(mirrors.map(({ asked }) => asked), [0, 1, 1, 1, 0]);
      for (const mirror of mirrors.slice(1)) await mirror[Symbol.asyncDispose]();
      assertEquals(await get(cache, ...mirrors), RIGHT);
      assertEquals(await get(cache), RIGHT);
    }),
);

testNet("a file that the server unpacked on the way is as good", () =>
  withCache(async (cache) => {
    await using mirror = serve(() => RIGHT);
    assertEquals(await get(cache, mirror), RIGHT);
    assertEquals(await get(cache), RIGHT);
  }));

testNet("wrong checksum: refused with both sums, and not cached", () =>
  withCache(async (cache) => {
    await using one = serve(() => PACKED_WRONG);
    await using two = serve(() => "<html>Please log in</html>");
    const found = await sha256(WRONG);
    const text = await sha256(new TextEncoder().encode("<html>Please log in</html>"));
    const error = await assertRejects(() => get(cache, one, two), EnvironmentError);
    assertEquals(
      error.message,
      `Cannot fetch labels.gz: ${one.host} sends a file with SHA-256 ${found}, where ${HASH} is wanted; ` +
        `${two.host} sends a file with SHA-256 ${text}, where ${HASH} is wanted.`,
    );
    await assertRejects(() => get(cache, one, two), EnvironmentError);
    assertEquals([one.asked, two.asked], [2, 2]);
    assertEquals(await (await caches.open(cache)).match(`https://${HASH}.invalid/`), undefined);
  }));

testNet("a download that breaks off: the next mirror is asked", () =>
  withCache(async (cache) => {
    await using one = serve(() => PACKED.subarray(0, 20));
    await using two = serve(() => PACKED);
    assertEquals(await get(cache, one, two), RIGHT);
    await assertRejects(
      () => download({ name: "labels.gz", hash: "another", mirrors: [one.url], cache }),
      EnvironmentError,
      `${one.host} sends another file (labels is broken: its gzip stream is cut short or corrupt).`,
    );
  }));

testNet("what was damaged in the cache is fetched again", () =>
  withCache(async (cache) => {
    const kept = await caches.open(cache);
    await kept.put(`https://${HASH}.invalid/`, new Response(PACKED_WRONG));
    await using mirror = serve(() => PACKED);
    assertEquals(await get(cache, mirror), RIGHT);
    assertEquals(await get(cache), RIGHT);
    assertEquals(mirror.asked, 1);
  }));

testNet("no network: what is wrong with each mirror", () =>
  withCache(async (cache) => {
    const [one, two] = [await down(), serve()];
    await assertRejects(
      () => get(cache, one, two),
      EnvironmentError,
      `Cannot fetch labels.gz: ${one.host} cannot be reached; ${two.host} answers with status 404.`,
    );
    await two[Symbol.asyncDispose]();
  }));

testNet("MNIST from mirrors that have something else", () =>
  withCache(async (cache) => {
    await using mirror = serve(() => PACKED);
    await assertRejects(
      () => loadMnist({ mirrors: [mirror.url], cache }),
      EnvironmentError,
      `${mirror.host} sends a file with SHA-256 ${HASH}, where `,
    );
  }));

Deno.test({
  name: "MNIST without permission for the network: the sentence has the flag",
  permissions: "none",
  fn: () =>
    withCache(async (cache) => {
      const error = await assertRejects(() => loadMnist({ cache }), EnvironmentError);
      assertMatch(
        error.message,
        /^Cannot fetch [\w-]+\.gz: storage\.googleapis\.com takes a permission; ossci-datasets\.s3\.amazonaws\.com takes a permission; add --allow-net=storage\.googleapis\.com,ossci-datasets\.s3\.amazonaws\.com\.$/,
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
      await using bad = serve(() => PACKED);
      const good = serve((path) => bodies.get(path));
      const mirrors = [bad.url, good.url];
      const fetched = await loadMnist({ mirrors, cache });
      await good[Symbol.asyncDispose]();
      const cached = await loadMnist({ mirrors, cache });
      assertEquals([bad.asked, good.asked], [4, 4]);
      const { train } = await loadMnist({ directory: mnist });
      for (const data of [fetched, cached]) {
        assertEquals(data.name, "mnist");
        assertEquals(data.train.labels, train.labels);
        assert(data.train.pixels.every((grey, i) => grey === train.pixels[i]));
      }
    }),
);

testIf(
  readsMnist && files,
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

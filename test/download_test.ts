import { assertEquals, assertGreater, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { type Download, download, type Patience } from "../src/data/download.ts";
import readme from "../data/README.md" with { type: "text" };
import { sha256 } from "../src/disk/sha256.ts";
import { EnvironmentError } from "../src/errors.ts";
import { counting } from "./_allocations.ts";
import { printed, start, withCache } from "./_download.ts";
import { gzip, writeIdx } from "./_idx.ts";
import {
  type Answer,
  down,
  drip,
  encoded,
  endless,
  file,
  half,
  type Mirror,
  redirect,
  reset,
  serve,
  silence,
  silentHalf,
  stall,
  status,
} from "./_mirror.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const loopback = await granted({ name: "net", host: "127.0.0.1" });
const testNet = testIf.bind(undefined, loopback, "--allow-net=127.0.0.1");

/** A file to download, and one as long with other labels. */
const RIGHT = writeIdx([40]);
const WRONG = writeIdx([40], RIGHT.slice(8).reverse());
const [PACKED, PACKED_WRONG] = [await gzip(RIGHT), await gzip(WRONG)];
const [HASH, HASH_WRONG] = [await sha256(RIGHT), await sha256(WRONG)];
const KEY = `https://${HASH}.invalid/`;

/** What is wanted. */
const FILE = { name: "labels.gz", hash: HASH, size: RIGHT.length };

/** A patience that does not wait between tries; a busy machine may take its time. */
const QUICK: Patience = { stall: 10_000, whole: 10_000, tries: 3, pause: 1 };

/** Downloads the file from these mirrors. */
const get = (cache: string, mirrors: Mirror[], options: Partial<Download> = {}) =>
  download({ ...FILE, mirrors: mirrors.map(({ url }) => url), cache, patience: QUICK, ...options });

/** Downloads the file where that must fail, and returns the sentence. */
async function sentence(cache: string, mirrors: Mirror[], options: Partial<Download> = {}) {
  const { message } = await assertRejects(() => get(cache, mirrors, options), EnvironmentError);
  return message;
}

/** Waits until a mirror has no connection open, for ten seconds at least; returns how many it still has. */
async function stillOpen(mirror: Mirror): Promise<number> {
  for (let i = 0; i < 500 && mirror.open > 0; i++) await new Promise((done) => setTimeout(done, 20));
  return mirror.open;
}

/** What is in the cache. */
const kept = async (cache: string) => await (await (await caches.open(cache)).match(KEY))?.bytes();

// ## Every kind of fault

/** A fault. */
interface FaultCase {
  /** What the mirror does. */
  answer: Answer;
  /** What is said of it. */
  says: string;
  /** Whether it is asked again. */
  again: boolean;
  /** What is less than the usual patience. */
  patience?: Partial<Patience>;
}

/** 100,000 bytes of zeros in a hundred, and 20,000,000 in 20,000. */
const [BOMB, BIG_BOMB] = [await gzip(new Uint8Array(100_000)), await gzip(new Uint8Array(20_000_000))];

const other = `sends a file with SHA-256 ${HASH_WRONG}, expected ${HASH}`;
const FAULTS: Record<string, FaultCase> = {
  "a file cut short": {
    answer: half(PACKED),
    says: `broke off after ${Math.floor(PACKED.length / 2)} bytes`,
    again: true,
  },
  "a file cut short, of no stated length": {
    answer: silentHalf(PACKED),
    says: "sends a gzip stream that is cut short or corrupt",
    again: true,
  },
  "a file that stalls": {
    answer: stall(PACKED),
    says: "sent nothing for 0.3 seconds",
    again: true,
    patience: { stall: 300 },
  },
  "no answer": { answer: silence, says: "sent nothing for 0.3 seconds", again: true, patience: { stall: 300 } },
  "a connection reset": { answer: reset, says: "cannot be reached", again: true },
  "status 500": { answer: status(500), says: "answers with status 500", again: true },
  "status 503": { answer: status(503), says: "answers with status 503", again: true },
  "status 429": { answer: status(429), says: "answers with status 429", again: true },
  "status 404": { answer: status(404), says: "answers with status 404", again: false },
  "status 204, without a body": { answer: status(204), says: "answers with status 204", again: false },
  "wrong bytes of the right length": { answer: file(PACKED_WRONG), says: other, again: false },
  "the same unpacked": { answer: file(WRONG), says: other, again: false },
  "a gzip bomb": { answer: file(BOMB), says: "sends more than the expected 48 bytes", again: false },
  "a gzip bomb, and more than may be sent": {
    answer: file(BIG_BOMB),
    says: "sends more than the expected 48 bytes",
    again: false,
  },
  "a gzip bomb, packed for the way only": {
    answer: encoded(BOMB),
    says: "sends more than the expected 48 bytes",
    again: false,
  },
  "a file without end": { answer: endless, says: "sends more than the expected 48 bytes", again: false },
  "a file that drips": {
    answer: drip(20),
    says: "did not deliver in 0.3 seconds",
    again: false,
    patience: { whole: 300 },
  },
};

for (const [name, { answer, says, again, patience }] of Object.entries(FAULTS)) {
  testNet(
    `${name}: said in one sentence, survived with a second mirror${again ? ", or at the third try" : ""}`,
    () =>
      withCache(async (cache) => {
        const options = { patience: { ...QUICK, ...patience } };
        await using bad = serve(answer);
        const good = serve(file(PACKED));
        const times = again ? 3 : 1;
        assertEquals(await sentence(cache, [bad], options), `Cannot fetch labels.gz: ${bad.host} ${says}.`);
        assertEquals(bad.asked, times);
        assertEquals(await stillOpen(bad), 0, "connections left");
        assertEquals(await kept(cache), undefined);

        assertEquals(await get(cache, [bad, good], options), RIGHT);
        assertEquals([bad.asked, good.asked], [times + 1, 1]);
        await good[Symbol.asyncDispose]();
        assertEquals(await get(cache, [bad, good]), RIGHT); // from the cache
        assertEquals(bad.asked, times + 1);

        await caches.delete(cache);
        await using late = serve(answer, answer, file(PACKED));
        if (again) assertEquals(await get(cache, [late], options), RIGHT);
        else assertEquals(await sentence(cache, [late], options), `Cannot fetch labels.gz: ${late.host} ${says}.`);
        assertEquals(late.asked, times);
      }),
  );
}

testNet(
  "a mirror that is switched off: said in one sentence, survived with a second mirror",
  () =>
    withCache(async (cache) => {
      const off = await down();
      await using on = serve(file(PACKED));
      assertEquals(await sentence(cache, [off]), `Cannot fetch labels.gz: ${off.host} cannot be reached.`);
      assertEquals(await get(cache, [off, on]), RIGHT);
      assertEquals(on.asked, 1);
    }),
);

// ## Mirrors in order, and in rounds

testNet("mirrors are asked in order, each again while its fault may pass", () =>
  withCache(async (cache) => {
    await using one = serve(status(500), status(404), file(PACKED));
    await using two = serve(file(PACKED_WRONG), file(PACKED));
    await using three = serve(reset, half(PACKED), file(PACKED));
    await using four = serve(reset, reset, file(PACKED));
    const mirrors = [one, two, three, four];
    assertEquals(await get(cache, mirrors), RIGHT);
    assertEquals(mirrors.map(({ asked }) => asked), [2, 1, 3, 2]);
  }));

testNet("the last thing wrong with each mirror is said, and what to do", () =>
  withCache(async (cache) => {
    await using one = serve(reset, reset, status(503));
    await using two = serve(status(404));
    assertEquals(
      await sentence(cache, [one, two], { otherwise: "try a book" }),
      `Cannot fetch labels.gz: ${one.host} answers with status 503; ${two.host} answers with status 404; try a book.`,
    );
  }));

testNet(
  "pauses: none before the second mirror, one before the second try, four times as long before the third",
  () =>
    withCache(async (cache) => {
      const seen: (string | number)[] = [];
      const noted = (name: string): Answer => () => void seen.push(name);
      await using one = serve(noted("one"));
      await using two = serve(noted("two"));
      const { setTimeout } = globalThis;
      const patience = { ...QUICK, pause: 60 };
      try {
        Object.assign(globalThis, {
          setTimeout(then: () => void, ms: number) {
            if (ms !== patience.stall && ms !== patience.whole) seen.push(ms);
            return setTimeout(then, ms);
          },
        });
        await sentence(cache, [one, two], { patience });
      } finally {
        Object.assign(globalThis, { setTimeout });
      }
      assertEquals(seen, ["one", "two", 60, "one", "two", 240, "one", "two"]);
    }),
);

testNet("by default it is as patient as data/README.md says", () =>
  withCache(async (cache) => {
    const { setTimeout } = globalThis;
    const waits = new Set<number>();
    const hurried = (then: () => void, ms: number) => (waits.add(ms), setTimeout(then, ms / 100));
    await using mirror = serve(silence);
    try {
      Object.assign(globalThis, { setTimeout: hurried });
      assertStringIncludes(await sentence(cache, [mirror], { patience: undefined }), "sent nothing for 10 seconds");
    } finally {
      Object.assign(globalThis, { setTimeout });
    }
    const [minutes, seconds] = [600_000, 10_000];
    assertEquals([mirror.asked, ...waits], [3, minutes, seconds, 500, 2000]);
    const promised = ["sends nothing for 10 seconds,", "three times in all, after half a second and after two;"];
    for (const part of [...promised, "longer than ten minutes"]) {
      assertStringIncludes(readme.replaceAll(/\s+/g, " "), part);
    }
  }));

// ## Redirects

testNet("a redirect is followed", () =>
  withCache(async (cache) => {
    await using target = serve(file(PACKED));
    await using mirror = serve(redirect(`${target.url}elsewhere`));
    assertEquals(await get(cache, [mirror]), RIGHT);
    assertEquals([mirror.asked, target.asked], [1, 1]);
  }));

testNet("redirects endlessly are one sentence, and no reason to ask again", () =>
  withCache(async (cache) => {
    await using mirror = serve(redirect("/labels.gz"));
    assertEquals(await sentence(cache, [mirror]), `Cannot fetch labels.gz: ${mirror.host} redirects endlessly.`);
    assertEquals(mirror.asked, 21); // fetch's own limit is 20 redirects
  }));

testNet(
  "a redirect to what is no web address is one sentence, and no reason to ask again",
  () =>
    withCache(async (cache) => {
      for (const elsewhere of ["file:///etc/passwd", "data:text/plain,hello", "http://", "https://[::bad/"]) {
        await using mirror = serve(redirect(elsewhere));
        const wanted = `Cannot fetch labels.gz: ${mirror.host} redirects to an address that is not http or https.`;
        assertEquals(await sentence(cache, [mirror]), wanted);
        assertEquals(mirror.asked, 1);
      }
    }),
);

testNet("a mirror that is no URL is refused before any is asked", () =>
  withCache(async (cache) => {
    await using good = serve(file(PACKED));
    for (const wrong of ["", "example.org/", "http:// /", "file:///tmp/", "https://example.org/mnist"]) {
      const { message } = await assertRejects(() => get(cache, [], { mirrors: [good.url, wrong] }), RangeError);
      assertEquals(message, `A mirror must be an http or https URL that ends in "/", not "${wrong}".`);
    }
    assertEquals(good.asked, 0);
  }));

Deno.test({
  name: `a redirect to a host without permission is one sentence${loopback ? "" : " (ignored: needs --allow-net)"}`,
  ignore: !loopback,
  permissions: { net: ["127.0.0.1"] },
  fn: () =>
    withCache(async (cache) => {
      await using target = serve(file(PACKED));
      await using mirror = serve(redirect(target.url.replace("127.0.0.1", "localhost")));
      assertEquals(
        await sentence(cache, [mirror]),
        `Cannot fetch labels.gz: ${mirror.host} redirects to localhost, which requires a permission.`,
      );
      assertEquals([mirror.asked, target.asked], [1, 0]);
    }),
});

Deno.test({
  name: "no permission for the network: the sentence has the flag, and nobody waits",
  permissions: "none",
  fn: () =>
    withCache(async (cache) => {
      const mirrors = ["https://one.example/a/", "https://two.example:81/"];
      const patience = { stall: 1e6, whole: 1e6, tries: 3, pause: 1e6 };
      const { message } = await assertRejects(() => get(cache, [], { mirrors, patience }), EnvironmentError);
      assertEquals(
        message,
        "Cannot fetch labels.gz: one.example requires a permission; two.example:81 requires a permission; " +
          "add --allow-net=one.example,two.example:81.",
      );
    }),
});

// ## Bounds

testNet("a bomb is neither read nor unpacked beyond its limit", () =>
  withCache(async (cache) => {
    const packed = await gzip(new Uint8Array(100_000_000)); // 97 kB
    await using mirror = serve(file(packed));
    const size = 2_000_000;
    const { result, unpacked } = await counting(() => sentence(cache, [mirror], { size }));
    assertEquals(result, `Cannot fetch labels.gz: ${mirror.host} sends more than the expected ${size} bytes.`);
    assertGreater(unpacked, size);
    assertLess(unpacked, size + 2 * 1032 * 2 ** 14); // two pieces of 16 kB, at deflate's best
  }));

testNet("a file without end is left as soon as it is too long", () =>
  withCache(async (cache) => {
    await using mirror = serve(endless);
    let most = 0;
    await sentence(cache, [mirror], { size: 1000, onProgress: (received) => most = Math.max(most, received) });
    assertGreater(most, 1000);
    assertLess(most, 1000 + 2 ** 14 + 2 ** 18); // and at most one piece as fetch delivers them
  }));

testNet("a slow file is not one that stalls", () =>
  withCache(async (cache) => {
    let took = 0; // milliseconds, at least
    const slow: Answer = async (connection) => {
      const response = [...new TextEncoder().encode("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), ...PACKED];
      for (let i = 0; i < response.length; i += 10) {
        await connection.write(Uint8Array.from(response.slice(i, i + 10)));
        await new Promise((done) => setTimeout(done, 100));
        took += 100;
      }
    };
    await using mirror = serve(slow);
    const patience = { ...QUICK, stall: 600 };
    assertEquals(await get(cache, [mirror], { patience }), RIGHT);
    assertGreater(took, patience.stall);
    assertEquals(mirror.asked, 1);
  }));

testNet("a signal ends a fetch, also one that waits, with its own reason", () =>
  withCache(async (cache) => {
    await using silent = serve(silence);
    await using off = serve(reset);
    const long = { stall: 1e6, whole: 1e6, tries: 3, pause: 1e6 };
    for (const mirror of [silent, off]) {
      const stop = new AbortController();
      const fetching = get(cache, [mirror], { patience: long, signal: stop.signal });
      setTimeout(() => stop.abort(new RangeError("enough")), 50);
      await assertRejects(() => fetching, RangeError, "enough");
      assertEquals(mirror.asked, 1);
    }
  }));

// ## Progress

testNet(
  "progress: bytes as they come, of as many as are promised; none from the cache",
  () =>
    withCache(async (cache) => {
      await using mirror = serve(half(PACKED), file(PACKED));
      const told: number[][] = [];
      const onProgress = (...numbers: number[]) => void told.push(numbers);
      await get(cache, [mirror], { onProgress });
      assertEquals(told.filter(([received]) => received === PACKED.length).length, 1);
      assertEquals(told.at(-1), [PACKED.length, PACKED.length]);
      for (const [received, total] of told) {
        assertEquals(total, PACKED.length);
        assertLess(received, total + 1);
      }
      assertLess(told[0][0], PACKED.length); // of the try that broke off
      const count = told.length;
      await get(cache, [mirror], { onProgress });
      assertEquals([told.length, mirror.asked], [count, 2]);
    }),
);

testNet(
  "progress: where no length is promised, or that of a file packed for the way, the total is what has come",
  () =>
    withCache(async (cache) => {
      const unsaid: Answer = async (connection) => {
        await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"));
        await connection.write(PACKED);
      };
      await using mirror = serve(encoded(PACKED), unsaid);
      for (const length of [RIGHT.length, PACKED.length]) {
        const told: number[][] = [];
        await get(cache, [mirror], { onProgress: (...numbers) => void told.push(numbers) });
        assertEquals(told.at(-1), [length, length]);
        await caches.delete(cache);
      }
    }),
);

// ## The cache

testNet("a file that the server unpacked on the way is as good", () =>
  withCache(async (cache) => {
    await using mirror = serve(file(RIGHT), encoded(PACKED));
    for (let i = 0; i < 2; i++) {
      assertEquals(await get(cache, [mirror]), RIGHT);
      assertEquals(await get(cache, []), RIGHT);
      await caches.delete(cache);
    }
    assertEquals(mirror.asked, 2);
  }));

testNet(
  "what the cache has is checked every time, and fetched again if it is damaged, in whatever way",
  () =>
    withCache(async (cache) => {
      const damaged = {
        "another file": PACKED_WRONG,
        "the same unpacked": WRONG,
        "cut short": PACKED.subarray(0, 30),
        "garbled": PACKED.with(20, PACKED[20] ^ 4) as Uint8Array<ArrayBuffer>,
        "empty": new Uint8Array(),
        "a bomb": BOMB,
      };
      await using mirror = serve(file(PACKED));
      for (const [i, [what, body]] of Object.entries(damaged).entries()) {
        await (await caches.open(cache)).put(KEY, new Response(body));
        assertEquals(await get(cache, [mirror]), RIGHT, what);
        assertEquals(await kept(cache), PACKED, what);
        assertEquals(await get(cache, [mirror]), RIGHT, what);
        assertEquals(mirror.asked, i + 1, what);
      }
    }),
);

testNet("where there is no cache, or one that fails, the file is fetched all the same", async () => {
  await using mirror = serve(file(PACKED));
  const { open } = caches;
  const fails = () => Promise.reject(new Error("The disk is full."));
  const failing = { match: fails, put: fails, delete: fails } as unknown as Cache;
  const forgetful = { ...failing, match: () => Promise.resolve(undefined) } as unknown as Cache;
  try {
    for (const opens of [fails, () => Promise.resolve(failing), () => Promise.resolve(forgetful)]) {
      caches.open = opens;
      assertEquals(await get("none", [mirror]), RIGHT);
    }
  } finally {
    caches.open = open;
  }
  assertEquals(mirror.asked, 3);
});

// ## Processes of their own, with a cache on disk of their own

const starts = loopback && await granted({ name: "run" }) && await granted({ name: "read" }) &&
  await granted({ name: "write" });
const testRun = testIf.bind(undefined, starts, "--allow-run --allow-read --allow-write --allow-net=127.0.0.1");

/** Downloads the file in a process of its own, and returns what it prints. */
const apart = (directory: string, mirrors: Mirror[]) =>
  printed(start(directory, { ...FILE, mirrors: mirrors.map(({ url }) => url), cache: "c" }));

testRun(
  "two processes that fetch at once both have the file, and so has the cache",
  () =>
    withTempDir(async (directory) => {
      const both = Promise.withResolvers<void>();
      const together: Answer = async (connection, path) => {
        if (mirror.asked === 2) both.resolve();
        await both.promise; // so neither has the other's file when it asks
        await file(PACKED)(connection, path);
      };
      const mirror = serve(together);
      assertEquals(await Promise.all([apart(directory, [mirror]), apart(directory, [mirror])]), [HASH, HASH]);
      assertEquals(mirror.asked, 2);
      await mirror[Symbol.asyncDispose]();
      assertEquals(await apart(directory, [mirror]), HASH);
    }),
);

/** All files under a directory. */
async function* walk(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (isDirectory) yield* walk(`${directory}/${name}`);
    else yield `${directory}/${name}`;
  }
}

testRun("a cache that was damaged on disk is healed", () =>
  withTempDir(async (directory) => {
    await using mirror = serve(file(PACKED));
    assertEquals(await apart(directory, [mirror]), HASH);
    const bodies = (await Array.fromAsync(walk(`${directory}/location_data`))).filter((path) => /responses/.test(path));
    assertEquals(bodies.length, 1);
    const damages: ((path: string) => Promise<void>)[] = [
      (path) => Deno.truncate(path, 30),
      (path) => Deno.truncate(path),
      (path) => Deno.writeFile(path, PACKED_WRONG),
      (path) => Deno.remove(path),
    ];
    for (const [i, damage] of damages.entries()) {
      for await (const path of walk(`${directory}/location_data`)) if (/responses/.test(path)) await damage(path);
      assertEquals(await apart(directory, [mirror]), HASH);
      assertEquals(mirror.asked, i + 2);
      assertEquals(await apart(directory, []), HASH);
    }
    for await (const path of walk(`${directory}/location_data`)) {
      if (/\.db/.test(path)) await Deno.writeFile(path, new Uint8Array(5000).fill(7));
    }
    assertEquals(await apart(directory, [mirror]), HASH); // nothing can be kept there, but all else works
    assertEquals(mirror.asked, damages.length + 2);
  }));

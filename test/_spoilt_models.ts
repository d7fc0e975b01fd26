/**
 * Saved models spoilt at random: one file each, as JSON or byte by byte.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { convVae, gaussian, InputError, type LayersVae, loadVae, type Random, random, saveVae } from "../mod.ts";
import { withTempDir } from "./_run.ts";

/** What a hostile or broken JSON may hold anywhere. */
const VALUES = [
  "null",
  "true",
  "-1",
  "0.5",
  "1e9",
  "1e308",
  "1e999",
  "9007199254740993",
  '""',
  '"\\u001b[2J\\u0000\\ud800"',
  '"../../../../etc/passwd"',
  '"__proto__"',
  "[]",
  "{}",
  "[null,null]",
  "[1e9,1e9,1e9,1e9]",
  '{"__proto__":{"spoilt":1}}',
  '{"constructor":{"prototype":{"spoilt":1}}}',
  '{"length":1e9,"toString":1,"toJSON":{}}',
  "[".repeat(1e5) + "]".repeat(1e5),
  '{"a":'.repeat(5e4) + "1" + "}".repeat(5e4),
  // Nearly a million bytes, which is all that is read: small values, names, one text.
  `[${"[],".repeat(3e5)}0]`,
  `[${"{},".repeat(3e5)}0]`,
  `{${Array.from({ length: 8e4 }, (_, i) => `"${i.toString(36)}x":{}`)}}`,
  JSON.stringify("x".repeat(9e5)),
];

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Spoils a saved model `count` times, and asserts every time that either nothing came of it, or an error in one sentence.
 *
 * @returns How many loaded, how many were refused, and the most bytes that any of them made the program allocate.
 */
export async function fuzzModels(
  count: number,
  seed: number,
): Promise<{ loaded: number; refused: number; memory: number }> {
  const source = random(seed);
  const found = { loaded: 0, refused: 0, memory: 0 };
  const [saved, target] = [1, 2].map((seed) =>
    convVae({ filters: [2, 3], hidden: 4, seed, likelihood: gaussian({ variance: "learned" }) })
  );
  await withTempDir(async (directory) => {
    const [good, own] = ["good", "own"].map((name) => `${directory}/${name}`);
    for (const [path, vae] of [[good, saved], [own, target]] as const) {
      await Deno.mkdir(path);
      await saveVae(vae, path);
    }
    const [before, after] = [await weights(target), await weights(saved)];
    const halves = ["encoder/model.json", "decoder/model.json", "encoder/weights.bin", "decoder/weights.bin"];
    const names = ["vae.json", ...halves, "vae.bin"];
    const files = await Promise.all(names.map((name) => Deno.readFile(`${good}/${name}`)));
    for (let i = 0; i < count; i++) {
      const which = below(source, files.length);
      const spoilt = which < 3 && source.uniform() < 0.6
        ? spoiltJson(files[which], source)
        : spoiltBytes(files[which], files, source);
      await Deno.writeFile(`${good}/${names[which]}`, spoilt);
      const memory = allocated();
      const error = await loadVae(target, good).then(() => undefined, (error) => error);
      found.memory = Math.max(found.memory, allocated() - memory);
      const about = `seed ${seed}, file ${i}: ${error}`;
      if (error) {
        found.refused++;
        assert(error instanceof InputError, about);
        assert(error.message.includes(good) && error.message.length < 400 && !/\p{C}/u.test(error.message), about);
        assertEquals(await weights(target), before, about);
      } else {
        found.loaded++;
        assertEquals(await weights(target), after, about);
        await loadVae(target, own);
      }
      await Deno.writeFile(`${good}/${names[which]}`, files[which]);
    }
    const entries = await Array.fromAsync(Deno.readDir(good), ({ name }) => name);
    assertEquals(entries.toSorted(), ["decoder", "encoder", "vae.bin", "vae.json", "weights.npz"]);
  });
  assertEquals(Object.keys(Object.prototype), []);
  saved.dispose();
  target.dispose();
  return found;
}

/** The bytes in use, with those that are garbage already but not yet collected. */
function allocated(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Every weight, as bytes: so that NaN and -0 count too. */
async function weights(vae: LayersVae): Promise<Bytes> {
  const all = await Promise.all(vae.variables.map((variable) => variable.data()));
  return new Blob(all.map((values) => new Uint8Array(values as Float32Array<ArrayBuffer>))).bytes();
}

const below = (source: Random, n: number) => Math.floor(source.uniform() * n);

/** A JSON with one value replaced, left out, or said twice. */
function spoiltJson(json: Bytes, source: Random): Bytes {
  const text = new TextDecoder().decode(json);
  const places: [start: number, end: number][] = [];
  // A text, number or word, or a list or object with none inside: what stands after a colon, or in a list.
  const value = /(?<=[:[,])(?:"[^"]*"(?!:)|-?[\d.e+-]+|true|false|null|\[[^[\]{}]*\]|\{[^[\]{}]*\})/g;
  for (const { index, 0: { length } } of text.matchAll(value)) places.push([index, index + length]);
  const [start, end] = places[below(source, places.length)];
  const hostile = VALUES[below(source, VALUES.length)];
  const [head, old, tail] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
  const key = /"[^"]*":$/.exec(head)?.[0] ?? "";
  const changes = [
    head + hostile + tail,
    `${head.slice(0, head.length - key.length)}"__proto__":${hostile},${key}${old}${tail}`,
    `${head}${hostile},${key}${old}${tail}`, // said twice, or one more in a list
    `${head}${old},${key}${hostile}${tail}`,
    head.slice(0, head.length - key.length) + tail.replace(/^,/, ""),
  ];
  return new TextEncoder().encode(changes[below(source, changes.length)]);
}

/** A file with some of its bytes changed, lost, moved or added, or another file in its place. */
function spoiltBytes(file: Bytes, files: Bytes[], source: Random): Bytes {
  const [a, b] = [below(source, file.length), below(source, file.length)].toSorted((a, b) => a - b);
  const copy = file.slice();
  const noise = Uint8Array.from({ length: 1 + below(source, 64) }, () => below(source, 256));
  const joined = (...parts: Bytes[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const changes: (() => Bytes)[] = [
    () => (copy[a] ^= 1 << below(source, 8), copy), // one bit
    () => (copy.set(noise.subarray(0, copy.length - a), a), copy),
    () => copy.fill(below(source, 2) * 255, a, b), // zeros, or NaNs
    () => copy.copyWithin(a, b),
    () => copy.slice(0, a), // cut off
    () => copy.slice(a),
    () => joined(copy.slice(0, a), copy.slice(b)),
    () => joined(copy.slice(0, b), copy.slice(a)),
    () => joined(copy.slice(0, a), noise, copy.slice(a)),
    () => joined(copy, noise),
    () => noise,
    () => files[below(source, files.length)],
  ];
  return changes[below(source, changes.length)]();
}

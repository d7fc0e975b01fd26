import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import {
  CENTRE,
  centreOfMass,
  decodeFactors,
  drawDigit,
  encodeIdx,
  FACTORS,
  type Factors,
  makeDigits,
  makeFiles,
  SETS,
  SIDE,
} from "../data/make_digits.ts";
import readmeText from "../data/README.md" with { type: "text" };
import { STYLES } from "../data/strokes.ts";
import { parseIdx, unpack } from "../src/data/idx.ts";
import { embeddedFile, type EmbeddedName } from "../src/embedded.ts";
import { random } from "../src/random.ts";

const readme = readmeText.replaceAll(/ +/g, " "); // tables without their padding

/** The unpacked bytes of a stored file. */
const unpacked = async (name: string) => unpack(await embeddedFile(`${name}.gz` as EmbeddedName), name);

/** The arrays of a stored set. */
async function load(set: "train" | "t10k") {
  const [images, labels, factors] = await Promise.all(
    ["images-idx3", "labels-idx1", "factors-idx2"].map(async (rest) => {
      const name = `${set}-${rest}-ubyte`;
      return parseIdx(await unpacked(name), name);
    }),
  );
  const shapes = [images, labels, factors].map(({ shape }) => shape);
  return { images: images.data, labels: labels.data, factors: factors.data, shapes };
}

const train = await load("train");
const test = await load("t10k");
const columns = 1 + FACTORS.length;
const image = (images: Uint8Array, i: number) => images.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);

/** A plain hand: no distortion, nothing slanted, turned, squeezed or tapered. */
const PLAIN: Factors = {
  pen: 2.5,
  taper: 0,
  slant: 0,
  rotation: 0,
  scale: 1,
  aspect: 1,
  waist: 0,
  roundness: 1,
  wobble: 0,
};

const draw = (label: number, style: number, change: Partial<Factors>, seed = 1) =>
  drawDigit(label, style, { ...PLAIN, ...change }, random(seed));

/** What `measure` says of every style, written with one factor low and high, as `[low, high, name]`. */
function* compare(name: keyof Factors, low: number, high: number, measure: (image: Uint8Array) => number) {
  for (const [label, styles] of STYLES.entries()) {
    for (const [style, { name: styleName }] of styles.entries()) {
      const values = [low, high].map((value) => measure(draw(label, style, { [name]: value, wobble: 0.5 })));
      yield [...values, `${name} of ${label}, ${styleName}`] as [number, number, string];
    }
  }
}

const ink = (image: Uint8Array) => image.reduce((sum, value) => sum + value / 255, 0);

/** The ink's variances along x and y, and their covariance, in square pixels. */
function moments(image: Uint8Array) {
  const centre = centreOfMass(image);
  let [xx, xy, yy] = [0, 0, 0];
  image.forEach((value, i) => {
    const [x, y] = [i % SIDE - centre.x, Math.floor(i / SIDE) - centre.y];
    xx += value * x * x;
    xy += value * x * y;
    yy += value * y * y;
  });
  const mass = 255 * ink(image);
  return { xx: xx / mass, xy: xy / mass, yy: yy / mass };
}

/** How far the ink leans to the right, as the tangent of the angle. */
function shear(image: Uint8Array): number {
  const { xy, yy } = moments(image);
  return -xy / yy;
}

/** The box around the pixels that are at least half ink. */
function box(image: Uint8Array) {
  const [xs, ys] = [new Set<number>(), new Set<number>()];
  image.forEach((value, i) => value >= 128 && xs.add(i % SIDE) && ys.add(Math.floor(i / SIDE)));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { top, width: Math.max(...xs) + 1 - left, height: Math.max(...ys) + 1 - top };
}

/** The share of its box that a digit fills, with everything between the leftmost and the rightmost ink of each row. */
function fullness(image: Uint8Array): number {
  const { width, height } = box(image);
  let filled = 0;
  for (let y = 0; y < SIDE; y++) {
    const row = image.subarray(y * SIDE, (y + 1) * SIDE);
    const left = row.findIndex((value) => value >= 128);
    if (left >= 0) filled += row.findLastIndex((value) => value >= 128) + 1 - left;
  }
  return filled / (width * height);
}

const distance = (a: Uint8Array, b: Uint8Array) => Math.hypot(...a.map((value, i) => Math.abs(value - b[i])));

function correlation(a: number[], b: number[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
  const product = (a: number[], b: number[]) => mean(a.map((value, i) => value * b[i])) - mean(a) * mean(b);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

for (const set of SETS) {
  Deno.test(`making ${set.name} again gives the stored bytes, whose SHA-256 the README names`, async () => {
    for (const [name, made] of Object.entries(makeFiles(set))) {
      const stored = await unpacked(name);
      assert(made.length === stored.length && made.every((byte, i) => byte === stored[i]), `${name} differs`);
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", stored)).toHex();
      assert(readme.includes(`| ${name} | ${hash} |`), `The README should say: | ${name} | ${hash} |`);
    }
  });
}

Deno.test("the README's table of factors is the one in the code", () => {
  FACTORS.forEach(({ name, lo, hi, meaning }, i) => {
    const row = `| ${i + 1} | ${name} | ${lo} | ${hi} | ${meaning} |`;
    assert(readme.includes(row), `The README should say: ${row}`);
  });
});

Deno.test("10,000 digits to train on and 2,000 to test on, every class equally common, in random order", () => {
  for (const [{ shapes, labels }, count] of [[train, 10_000], [test, 2_000]] as const) {
    assertEquals(shapes, [[count, SIDE, SIDE], [count], [count, columns]]);
    const tally = (labels: Uint8Array) => Array.from({ length: 10 }, (_, c) => labels.filter((l) => l === c).length);
    assertEquals(tally(labels), Array(10).fill(count / 10));
    // A tenth of 1,000 has a standard deviation of at most √90, and five of those are 47.
    for (const n of tally(labels.subarray(0, 1000))) assertAlmostEquals(n, 100, 47);
  }
});

Deno.test("the centre of mass is in the middle, to half a pixel, and few digits reach the edge", () => {
  const isEdge = (pixel: number) => [pixel % SIDE, Math.floor(pixel / SIDE)].some((k) => k === 0 || k === SIDE - 1);
  for (const { images, labels } of [train, test]) {
    let atEdge = 0;
    for (let i = 0; i < labels.length; i++) {
      const one = image(images, i);
      const reachesEdge = one.some((value, pixel) => value > 0 && isEdge(pixel));
      if (reachesEdge) atEdge++;
      const { x, y } = centreOfMass(one);
      const off = Math.max(Math.abs(x - CENTRE), Math.abs(y - CENTRE));
      assertLess(off, reachesEdge ? 0.6 : 0.501, `image ${i}`); // ink beyond the edge is missing from the mass
    }
    assertLess(atEdge, 0.05 * labels.length);
  }
});

Deno.test("the factors are uniform over their bytes and the styles as common as their weights", () => {
  const count = train.labels.length;
  const column = (c: number) => train.factors.filter((_, i) => i % columns === c);
  const error = Math.sqrt((256 ** 2 - 1) / 12 / count); // of a mean of uniform bytes
  for (const [i, { name }] of FACTORS.entries()) {
    const bytes = column(i + 1);
    assertAlmostEquals(bytes.reduce((sum, byte) => sum + byte, 0) / count, 127.5, 5 * error, name);
    assertEquals(new Set(bytes).size, 256, name);
  }
  const styles = column(0);
  for (const [label, ways] of STYLES.entries()) {
    const total = ways.reduce((sum, { weight }) => sum + weight, 0);
    for (const [style, { name, weight }] of ways.entries()) {
      const share = weight / total;
      const found = styles.filter((s, i) => s === style && train.labels[i] === label).length;
      assertAlmostEquals(found, 1000 * share, 5 * Math.sqrt(1000 * share * (1 - share)), `${label}, ${name}`);
    }
  }
});

Deno.test("the stored factors belong to the stored images", () => {
  const row = (i: number) => train.factors.subarray(i * columns, (i + 1) * columns);
  const ones = [...train.labels.keys()].filter((i) => train.labels[i] === 1 && row(i)[0] === 0); // plain stems
  const factors = ones.map((i) => decodeFactors(row(i)));
  const images = ones.map((i) => image(train.images, i));
  assertGreater(correlation(factors.map(({ pen }) => pen), images.map(ink)), 0.8);
  const lean = factors.map(({ slant, rotation }) => slant + Math.tan(rotation * Math.PI / 180));
  assertGreater(correlation(lean, images.map(shear)), 0.9);
});

Deno.test("a byte stands for a value of its factor's range", () => {
  const row = new Uint8Array(columns);
  assertEquals(decodeFactors(row).slant, -0.3);
  assertEquals(decodeFactors(row.fill(255)), Object.fromEntries(FACTORS.map(({ name, hi }) => [name, hi])) as Factors);
  assertAlmostEquals(decodeFactors(row.fill(51)).rotation, -9); // a fifth of the way from -15 to 15
});

Deno.test("pen: a wider one leaves more ink", () => {
  for (const [low, high, name] of compare("pen", 1.5, 4, ink)) assertGreater(high, 1.5 * low, name);
});

Deno.test("taper: the ink grows thinner", () => {
  for (const [low, high, name] of compare("taper", 0, 0.5, ink)) assertLess(high, 0.95 * low, name);
});

Deno.test("slant: the ink leans to the right", () => {
  for (const [low, high, name] of compare("slant", -0.3, 0.5, shear)) assertGreater(high, low + 0.5, name);
  assertAlmostEquals(shear(draw(1, 0, { slant: 0 })), 0, 0.01);
  assertAlmostEquals(shear(draw(1, 0, { slant: 0.5 })), 0.5, 0.03); // the pen's round ends do not shear
});

Deno.test("rotation: the axis of a one turns clockwise by as many degrees", () => {
  for (const degrees of [-15, -6, 0, 9, 15]) {
    const { xx, xy, yy } = moments(draw(1, 0, { rotation: degrees }));
    const axis = Math.atan2(2 * xy, xx - yy) / 2 * 180 / Math.PI; // from the x axis, clockwise, as y points down
    assertAlmostEquals((axis + 180) % 180, 90 + degrees, 0.5);
  }
});

Deno.test("scale: the longer side of the digit is so many times 20 pixels", () => {
  for (const scale of [0.9, 1.05]) {
    for (const [label, styles] of STYLES.entries()) {
      for (const style of styles.keys()) {
        const { width, height } = box(draw(label, style, { scale }));
        assertAlmostEquals(Math.max(width, height), 20 * scale, 1.5); // whole pixels at both ends
      }
    }
  }
});

Deno.test("aspect: the digit grows wider for its height", () => {
  const aspect = (image: Uint8Array) => Math.sqrt(moments(image).xx / moments(image).yy);
  for (const [low, high, name] of compare("aspect", 0.7, 1.4, aspect)) assertGreater(high, low, name);
  const ratio = (value: number) => {
    const { width, height } = box(draw(0, 0, { aspect: value }));
    return (width - PLAIN.pen) / (height - PLAIN.pen); // of the pen's path
  };
  assertAlmostEquals(ratio(1.4) / ratio(0.7), 2, 0.3); // sides of 10 to 18 pixels, each known to one
});

Deno.test("waist: the middle of the digit moves down", () => {
  const middle = (image: Uint8Array) => (centreOfMass(image).y - box(image).top) / box(image).height;
  for (const [low, high, name] of compare("waist", -0.15, 0.15, middle)) {
    if (!/of [127]/.test(name)) assertGreater(high, low + 0.04, name); // a bare stem has no waist
  }
});

Deno.test("roundness: straight lines become curves", () => {
  const [edgy, even, full] = [0, 1, 1.3].map((roundness) => fullness(draw(0, 0, { roundness })));
  assertLess(edgy, even);
  assertLess(even, full);
});

Deno.test("wobble: two hands differ more, and not at all without it", () => {
  const spread = (label: number, style: number, wobble: number) =>
    distance(draw(label, style, { wobble }, 1), draw(label, style, { wobble }, 2));
  for (const [label, styles] of STYLES.entries()) {
    let [careful, careless] = [0, 0];
    for (const style of styles.keys()) {
      assertEquals(spread(label, style, 0), 0);
      careful += spread(label, style, 0.3);
      careless += spread(label, style, 1.5);
    }
    assertGreater(careless, careful, `wobble of ${label}`);
  }
});

Deno.test("every style of a digit is another way to write it", () => {
  for (const [label, styles] of STYLES.entries()) {
    for (const a of styles.keys()) {
      for (let b = 0; b < a; b++) {
        assertGreater(distance(draw(label, a, {}), draw(label, b, {})), 300, `${label}: ${a}, ${b}`);
      }
    }
  }
  assertThrows(() => draw(1, 99, {}), RangeError, "The digit 1 has no style 99.");
  assertThrows(() => draw(10, 0, {}), RangeError, "The digit 10 has no style 0.");
});

Deno.test("a set depends on its seed alone, and any count will do", () => {
  const { images, labels, factors } = makeDigits(23, 7);
  assertEquals([images.length, labels.length, factors.length], [23 * SIDE * SIDE, 23, 23 * columns]);
  assertEquals(makeDigits(23, 7), { images, labels, factors });
  assert(makeDigits(23, 8).images.some((value, i) => value !== images[i]));
});

Deno.test("IDX: what is packed is what is read", () => {
  const file = encodeIdx(Uint8Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
  assertEquals([...file], [0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6]);
  assertEquals(parseIdx(file, "six", 2).shape, [3, 2]);
});

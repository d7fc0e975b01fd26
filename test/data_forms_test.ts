import { assert, assertEquals } from "@std/assert";
import type { ImageSet } from "../src/data/images.ts";
import readme from "../data/README.md" with { type: "text" };
import { type Form, forms, FROM, type Half, load, type Outcome, tables, TO } from "./_data_forms.ts";
import { random } from "../src/random.ts";
import { granted, testIf } from "./_run.ts";

const files = await granted({ name: "read" }) && await granted({ name: "write" });

/** An image and its label, as text. */
function exampleOf(pixels: Uint8Array, labels: Uint8Array | undefined, i: number, count: number): string {
  const size = pixels.length / count;
  return `${pixels.subarray(i * size, (i + 1) * size).join()} ${labels?.[i] ?? "none"}`;
}

/** The images of a set, with their labels. */
const examplesOf = ({ count, pixels, labels }: ImageSet) =>
  Array.from({ length: count }, (_, i) => exampleOf(pixels, labels, i, count));

/** The images that a form was made of. */
const madeOf = ({ count, pixels, labels }: Half, labelled: boolean) =>
  Array.from({ length: count }, (_, i) => exampleOf(pixels, labelled ? labels : undefined, i, count));

/** Asserts that a form was read right, or refused in one sentence. */
function assertOutcome({ what, read }: Form, { data, refused, told }: Outcome): void {
  if (!read) {
    assert(refused && !refused.includes("\n") && /^\S.{20,350}\.$/.test(refused), `${what}: ${refused}`);
    return;
  }
  assert(data, `${what}: ${refused}`);
  const { train, test, shape = [28, 28, 1], labels, classes } = { test: undefined, ...read };
  assertEquals([data.train.shape, data.test.shape], [shape, shape], what);
  assertEquals(data.train.classes, classes, what);
  const wanted = madeOf(train, labels !== false);
  if (test) {
    return assertEquals([examplesOf(data.train), examplesOf(data.test)], [wanted, madeOf(test, labels !== false)]);
  }
  assertEquals(data.test.count, Math.round(train.count / 5), what); // a fifth, of which it is said that it is held out
  assertEquals(told.filter((sentence) => sentence.endsWith("held out.")).length, 1, what);
  const order = (example: string) => wanted.indexOf(example);
  for (const set of [data.train, data.test]) {
    const places = examplesOf(set).map(order);
    assertEquals(places, places.toSorted((a, b) => a - b), what);
  }
  assertEquals([...examplesOf(data.train), ...examplesOf(data.test)].sort(), wanted.sort(), what);
}

/** A table's cells, whatever the spaces between them. */
const cellsOf = (table: string) =>
  table.trim().split("\n").map((line) => line.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim());

testIf(
  files,
  "--allow-read --allow-write",
  "images in the forms that people have: each is read right, or refused, as data/README.md says",
  async () => {
    const rows: [Form, Outcome][] = [];
    for (const form of await forms()) {
      const outcome = await load(form);
      assertOutcome(form, outcome);
      rows.push([form, outcome]);
    }
    const written = readme.split(FROM)[1]!.split(TO)[0]!;
    assertEquals(cellsOf(written), cellsOf(tables(rows)));
  },
);

testIf(
  files,
  "--allow-read --allow-write",
  "each form with a file damaged by chance is read, or refused in a sentence",
  async () => {
    const noise = random(0);
    const below = (n: number) => Math.floor(n * noise.uniform());
    for (const form of await forms()) {
      for (let time = 0; time < 6; time++) {
        const names = Object.keys(form.files);
        const name = form.file ?? names[below(names.length)]!;
        const bytes = form.files[name]!.slice();
        for (let i = 0; i < 3 && bytes.length > 0; i++) bytes[below(Math.min(bytes.length, 200))] = below(256);
        const cut = time % 2 === 0 ? bytes : bytes.subarray(0, below(bytes.length));
        const { data, refused } = await load({ ...form, files: { ...form.files, [name]: cut } }); // or it throws
        assert(data || /^[^\n]{20,500}\.$/.test(refused!), `${form.what}: ${refused}`);
      }
    }
  },
);

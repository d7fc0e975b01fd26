/**
 * The forms in which people have images, and the table of `data/README.md` that says what becomes of each.
 *
 * `deno run --allow-read --allow-write test/_data_forms.ts` writes the table anew.
 *
 * @module
 */
import { encode } from "fast-png";
import { zipSync } from "fflate";
import { InputError } from "../src/errors.ts";
import type { Dataset } from "../src/data/images.ts";
import { loadImages } from "../src/data/load_images.ts";
import { gzip, writeIdx } from "./_idx.ts";
import { npy } from "./_npy.ts";
import { ROOT, withTempDir } from "./_run.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Images, of which no two are alike, nor one and its mirror image, with their labels. */
export interface Half {
  count: number;
  /** `[N, 28, 28]` or other sizes. */
  pixels: Bytes;
  labels: Bytes;
}

/** `n` images of `H·W·C` numbers, and labels from `first` on. */
export function half(n: number, size = 784, first = 0): Half {
  const pixels = new Uint8Array(n * size).map((_, i) => (i * i + 7 * i + 31 * Math.floor(i / size)) % 251);
  return { count: n, pixels, labels: new Uint8Array(n).map((_, i) => first + (3 * i) % 10) };
}

const [TRAIN, TEST] = [half(10), half(5, 784, 1)];

/** A form: what is in it, how it is named to `loadImages`, and what must come out, if anything. */
export interface Form {
  /** What it is, as the table says it. */
  what: string;
  /** Its files, by their paths. */
  files: Record<string, Bytes>;
  /** The file to load, where it is not the directory. */
  file?: string;
  /** The images that must be read; undefined if it must be refused. */
  read?: { train: Half; test?: Half; shape?: number[]; labels?: false; classes?: string[] };
}

const text = (words: string) => new TextEncoder().encode(words);
const both = { train: TRAIN, test: TEST };

/** Four files by the names of MNIST, or others of the same order. */
function four(
  names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
  [train, test] = [TRAIN, TEST],
  shape = [28, 28],
): Record<string, Bytes> {
  const contents = [train, test].flatMap(({ count, pixels, labels }) => [
    writeIdx([count, ...shape], pixels),
    writeIdx([count], labels),
  ]);
  return Object.fromEntries(names.map((name, i) => [name, contents[i]!]));
}

/** The same files under other names, or with other bytes. */
async function each(
  files: Record<string, Bytes>,
  rename: (name: string) => string,
  change = (b: Bytes) => b as unknown,
) {
  const entries = Object.entries(files).map(async ([name, bytes]) => [rename(name), await change(bytes)]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, Bytes>;
}

/** An IDX file of any type, whose values are written already. */
function idx(type: number, shape: number[], values: Bytes): Bytes {
  const header = writeIdx([...shape, 0]);
  header[2] = type;
  header[3] = shape.length;
  return new Uint8Array([...header.subarray(0, 4 + 4 * shape.length), ...values]);
}

/** Numbers of four bytes, big-endian. */
function words(values: ArrayLike<number>, kind: "setInt32" | "setFloat32"): Bytes {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (let i = 0; i < values.length; i++) view[kind](4 * i, values[i]!);
  return new Uint8Array(view.buffer);
}

/** Images with rows and columns exchanged. */
function transposed({ pixels, ...rest }: Half): Half {
  const at = (i: number) => 784 * Math.floor(i / 784) + 28 * (i % 28) + Math.floor(i % 784 / 28);
  return { ...rest, pixels: pixels.map((_, i) => pixels[at(i)]!) };
}

/** QMNIST's labels: eight integers each, the class first. */
const qmnist = ({ labels, count }: Half) =>
  idx(12, [count, 8], words([...labels].flatMap((label) => [label, 2, 300, 70_000, -1, 5, 6, 7]), "setInt32"));

/** Images as PNG files. */
function pngs({ pixels, count }: Half, path: (i: number) => string, channels = 1): Record<string, Bytes> {
  const size = pixels.length / count;
  return Object.fromEntries(Array.from({ length: count }, (_, i) => {
    const data = pixels.subarray(i * size, (i + 1) * size);
    return [path(i), new Uint8Array(encode({ width: 28, height: 28, channels, depth: 8, data }))];
  }));
}

/** Images as CSV. */
const csv = ({ pixels, labels, count }: Half, header: boolean, word = String as (label: number) => string) => {
  const names = ["label", ...Array.from({ length: 784 }, (_, i) => `pixel${i}`)].join();
  const rows = Array.from({ length: count }, (_, i) => [word(labels[i]!), ...pixels.subarray(784 * i, 784 * (i + 1))]);
  return text([...(header ? [names] : []), ...rows.map((row) => row.join())].join("\n"));
};

const npyOf = ({ count, pixels, labels }: Half, shape = [28, 28]) => ({
  images: npy([count, ...shape], pixels, { descr: "|u1" }),
  labels: npy([count], labels, { descr: "<i8" }),
});

/** All forms, first those that are read. */
export async function forms(): Promise<Form[]> {
  const plain = four();
  const names = Object.keys(plain);
  const dotted = await each(plain, (name) => name.replace("-idx", ".idx"));
  const folders = await each(plain, (name) => `${name}/${name}`);
  const [a, b] = [npyOf(TRAIN), npyOf(TEST)];
  const [c, d] = [half(10, 28 * 28 * 3), half(5, 28 * 28 * 3)];
  const [e, f] = [half(10, 32 * 32), half(5, 32 * 32)];
  const letters = { ...TRAIN, labels: TRAIN.labels.map((label) => label + 17) };
  const planes = c.pixels.map((_, i) => {
    const [n, rest] = [Math.floor(i / 2352), i % 2352];
    return c.pixels[2352 * n + 3 * (rest % 784) + Math.floor(rest / 784)]!;
  });
  const rgba = (alpha: number) =>
    new Uint8Array(encode({ width: 28, height: 28, channels: 4, depth: 8, data: new Uint8Array(3136).fill(alpha) }));
  const float = (values: Bytes) => words(Float32Array.from(values, (value) => value / 255), "setFloat32");
  const change = (name: string, bytes: Bytes) => ({ ...plain, [name]: bytes });
  const [images, labels] = [plain[names[0]!]!, plain[names[1]!]!];
  return [
    { what: "MNIST's four files", files: plain, read: both },
    { what: "packed by gzip", files: await each(plain, (name) => `${name}.gz`, gzip), read: both },
    { what: "a dot for the hyphen", files: dotted, read: both },
    {
      what: "`.idx`, and other words",
      files: four(["training-images.idx", "training-labels.idx", "test-images.idx", "test-labels.idx"]),
      read: both,
    },
    { what: "a folder of each name, with the file in it", files: folders, read: both },
    { what: "both of these, as Kaggle's archive unpacks", files: { ...dotted, ...folders }, read: both },
    { what: "torchvision's folders", files: await each(plain, (name) => `MNIST/raw/${name}`), read: both },
    {
      what: "a browser's second download, and other endings",
      files: {
        ...await each(four(names.slice(0, 2)), (name) => `${name} (1).gz`, gzip),
        ...await each(four(names), (name) => `${name}.bin`),
      },
      read: both,
    },
    { what: "named `.gz`, but not packed", files: await each(plain, (name) => `${name}.gz`), read: both },
    { what: "packed, but not named so", files: await each(plain, (name) => name, gzip), read: both },
    {
      what: "EMNIST's names: turned upright",
      files: four(names.map((name) => `emnist-letters-${name.replace("t10k", "test")}`), [
        transposed(letters),
        transposed(TEST),
      ]),
      read: { train: letters, test: TEST },
    },
    {
      what: "QMNIST's names, its labels of eight columns",
      files: {
        "qmnist-train-images-idx3-ubyte": images,
        "qmnist-train-labels-idx2-int": qmnist(TRAIN),
        "qmnist-test-images-idx3-ubyte": plain[names[2]!]!,
        "qmnist-test-labels-idx2-int": qmnist(TEST),
      },
      read: both,
    },
    {
      what: "tables beside them, as QMNIST has",
      files: { ...plain, "qmnist-train-labels.tsv.gz": await gzip(text("5\t1\n") as Bytes) },
      read: both,
    },
    { what: "training files alone", files: four(names.slice(0, 2)), read: { train: TRAIN } },
    {
      what: "held-out files alone",
      files: { [names[2]!]: plain[names[2]!]!, [names[3]!]: plain[names[3]!]! },
      read: { train: TEST },
    },
    {
      what: "no labels (enough for lessons 01, 02, 06 and 09)",
      files: { [names[0]!]: images, [names[2]!]: plain[names[2]!]! },
      read: { ...both, labels: false },
    },
    { what: "a single file", files: plain, file: names[0]!, read: { train: TRAIN, labels: false } },
    { what: "IDX of rows, `[N, 784]`", files: four(undefined, undefined, [784]), read: both },
    {
      what: "IDX of floats from 0 to 1",
      files: {
        ...change(names[0]!, idx(13, [10, 28, 28], float(TRAIN.pixels))),
        [names[2]!]: idx(13, [5, 28, 28], float(TEST.pixels)),
      },
      read: both,
    },
    {
      what: "IDX of bytes that are 0 or 1",
      files: await each(
        plain,
        (name) => name,
        (bytes) => bytes.length < 100 ? bytes : bytes.map((value, i) => i < 16 ? value : Number(value > 127)),
      ),
      read: { train: binary(TRAIN), test: binary(TEST) },
    },
    { what: "other sizes", files: four(undefined, [e, f], [32, 32]), read: { train: e, test: f, shape: [32, 32, 1] } },
    { what: "in colour", files: four(undefined, [c, d], [28, 28, 3]), read: { train: c, test: d, shape: [28, 28, 3] } },
    {
      what: "`.npy`",
      files: {
        "train_images.npy": a.images,
        "train_labels.npy": a.labels,
        "test_images.npy": b.images,
        "test_labels.npy": b.labels,
      },
      read: both,
    },
    {
      what: "`.npy` with the colours first, `[N, 3, 28, 28]`",
      files: { "x.npy": npy([10, 3, 28, 28], planes, { descr: "|u1" }) },
      file: "x.npy",
      read: { train: c, shape: [28, 28, 3], labels: false },
    },
    {
      what: "`.npz`, as Keras has it",
      files: {
        "mnist.npz": new Uint8Array(
          zipSync({ "x_train.npy": a.images, "y_train.npy": a.labels, "x_test.npy": b.images, "y_test.npy": b.labels }),
        ),
      },
      file: "mnist.npz",
      read: both,
    },
    {
      what: "`.npz` with validation images, as MedMNIST has it",
      files: {
        "pathmnist.npz": new Uint8Array(
          zipSync({
            "train_images.npy": a.images,
            "train_labels.npy": a.labels,
            "val_images.npy": b.images,
            "val_labels.npy": b.labels,
            "test_images.npy": b.images,
            "test_labels.npy": b.labels,
          }),
        ),
      },
      read: both,
    },
    {
      what: "validation images, and no others held out",
      files: {
        "x_val.npy": b.images,
        "y_val.npy": b.labels,
        "x_train.npy": a.images,
        "y_train.npy": a.labels,
      },
      read: both,
    },
    {
      what: "`.npz` with `arr_0`, as KMNIST has it",
      files: {
        "kmnist-train-imgs.npz": new Uint8Array(zipSync({ "arr_0.npy": a.images })),
        "kmnist-train-labels.npz": new Uint8Array(zipSync({ "arr_0.npy": a.labels })),
      },
      read: { train: TRAIN },
    },
    {
      what: "PNG images, a folder for each class",
      files: {
        ...pngs(TRAIN, (i) => `mnist_png/training/${TRAIN.labels[i]}/${i}.png`),
        ...pngs(TEST, (i) => `mnist_png/testing/${TEST.labels[i]}/${i}.png`),
      },
      read: { train: sorted(TRAIN), test: sorted(TEST) },
    },
    {
      what: "the same with a list beside them",
      files: { ...pngs(TRAIN, (i) => `${TRAIN.labels[i]}/${i}.png`), "labels.csv": text("file,label\n0.png,0\n") },
      read: { train: sorted(TRAIN) },
    },
    {
      what: "classes that are words",
      files: { ...pngs(TRAIN, (i) => `${i % 2 ? "dog" : "cat"}/${i}.png`) },
      read: { train: sorted({ ...TRAIN, labels: TRAIN.labels.map((_, i) => i % 2) }), classes: ["cat", "dog"] },
    },
    {
      what: "PNG images beside each other",
      files: pngs(TRAIN, (i) => `${i}.png`),
      read: { train: TRAIN, labels: false },
    },
    {
      what: "CSV with a column `label`, as Kaggle has it",
      files: { "train.csv": csv(TRAIN, true) },
      file: "train.csv",
      read: { train: TRAIN },
    },
    {
      what: "CSV without a header, the label first",
      files: { "mnist_train.csv": csv(TRAIN, false), "mnist_test.csv": csv(TEST, false) },
      read: both,
    },

    { what: "a web page in a file's place", files: change(names[0]!, text("<!DOCTYPE html><title>403</title>")) },
    { what: "the same, named `.gz`", files: { ...four(names.slice(1)), [`${names[0]}.gz`]: text("<html>403</html>") } },
    { what: "text in a file's place", files: change(names[0]!, text("Not found")) },
    { what: "packed twice", files: change(names[0]!, await gzip(await gzip(images))) },
    { what: "packed by xz", files: change(names[0]!, Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4)) },
    { what: "a zip archive", files: change(names[0]!, new Uint8Array(zipSync({ [names[0]!]: images }))) },
    { what: "a pickle, as CIFAR's", files: { data_batch_1: Uint8Array.of(0x80, 2, 0x7d) } },
    { what: "an HDF5 file", files: { "train_images.h5": new Uint8Array([0x89, ...text("HDF\r\n\x1a\n")]) } },
    { what: "JPEG images", files: { "cat/1.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xe0) } },
    {
      what: "integers that are no pixels",
      files: change(names[0]!, idx(12, [10, 28, 28], words([...TRAIN.pixels].map((value) => 257 * value), "setInt32"))),
    },
    { what: "signed bytes", files: change(names[0]!, idx(9, [10, 28, 28], TRAIN.pixels.map((value) => value - 128))) },
    {
      what: "sizes in little-endian order",
      files: change(names[0]!, new Uint8Array([0, 0, 8, 3, 10, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0, ...TRAIN.pixels])),
    },
    {
      what: "a whole header in little-endian order",
      files: change(names[0]!, new Uint8Array([3, 8, 0, 0, 10, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0, ...TRAIN.pixels])),
    },
    { what: "a file cut short", files: change(names[0]!, images.subarray(0, 1000)) },
    { what: "labels in the images' place", files: { ...plain, [names[0]!]: labels, [names[1]!]: images } },
    { what: "fewer labels than images", files: change(names[1]!, writeIdx([9])) },
    { what: "labels for one half alone", files: four(names.slice(0, 3)) },
    { what: "halves of different sizes", files: { ...plain, [names[2]!]: writeIdx([5, 32, 32]) } },
    {
      what: "rows that are no squares",
      files: { "images.npy": npy([2, 600], new Uint8Array(1200), { descr: "|u1" }) },
    },
    {
      what: "two files of one name that differ",
      files: { ...plain, [`${names[0]}.gz`]: await gzip(writeIdx([10, 28, 28])) },
    },
    { what: "files of several data sets", files: { "mnist.npz": a.images, "fashion.npz": a.images } },
    {
      what: "PNG images of different sizes",
      files: {
        ...pngs(half(1), () => "a/1.png"),
        "a/2.png": new Uint8Array(encode({ width: 2, height: 2, channels: 1, depth: 8, data: new Uint8Array(4) })),
      },
    },
    { what: "transparent PNG images", files: { "a/1.png": rgba(9) } },
    { what: "a `.npy` file of objects", files: { "images.npy": npyHeader("|O") } },
    { what: "a directory without data", files: { "notes.txt": text("nothing") } },
  ];
}

/** Pixels that are 0 or 255. */
function binary({ pixels, ...rest }: Half): Half {
  return { ...rest, pixels: pixels.map((value) => value > 127 ? 255 : 0) };
}

/** Images in the order of their folders and files. */
function sorted({ count, pixels, labels }: Half): Half {
  const size = pixels.length / count;
  const order = Array.from(labels.keys()).sort((a, b) => `${labels[a]}/${a}.png` < `${labels[b]}/${b}.png` ? -1 : 1);
  return {
    count,
    pixels: new Uint8Array(order.flatMap((i) => [...pixels.subarray(i * size, (i + 1) * size)])),
    labels: new Uint8Array(order.map((i) => labels[i]!)),
  };
}

/** A `.npy` file of another type, without values. */
function npyHeader(descr: string): Bytes {
  const file = npy([0], [], { descr: "|u1" });
  const about = new TextDecoder().decode(file).replace("'|u1'", `'${descr}' `);
  return Uint8Array.from(about, (_, i) => i < 10 ? file[i]! : about.charCodeAt(i)).subarray(0, file.length) as Bytes;
}

/** What became of a form: the data, or the sentence that refused it, and what was said. */
export interface Outcome {
  data?: Dataset;
  refused?: string;
  told: string[];
}

/** Writes a form into a directory and loads it. */
export function load({ files, file }: Form): Promise<Outcome> {
  return withTempDir(async (parent) => {
    const directory = `${parent}/data`;
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.mkdir(`${directory}/${name}`.replace(/[^/]*$/, ""), { recursive: true });
      await Deno.writeFile(`${directory}/${name}`, bytes);
    }
    const told: string[] = [];
    const said = (sentence: string) => sentence.replaceAll(directory, "DIR");
    try {
      const path = file === undefined ? directory : `${directory}/${file}`;
      return { data: await loadImages(path, undefined, { tell: (sentence) => told.push(said(sentence)) }), told };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { refused: said(error.message), told };
    }
  });
}

/** The name of a form's files, a few of them. */
function namesOf({ files, file }: Form): string {
  const names = file === undefined ? Object.keys(files) : [file];
  return names.slice(0, 2).map((name) => `\`${name}\``).join(", ") + (names.length > 2 ? ", …" : "");
}

/** What the table says of an outcome. */
function outcomeText({ data, refused, told }: Outcome): string {
  if (!data) return refused!;
  const { height, width, channels, labels } = data.train;
  const size = [height, width, ...(channels > 1 ? [channels] : [])].join("×");
  const read = `${data.train.count} + ${data.test.count} images of ${size}${labels ? "" : ", no labels"}.`;
  return [read, ...told].join(" ");
}

/** The two tables of `data/README.md`. */
export function tables(rows: readonly (readonly [Form, Outcome])[]): string {
  const table = (head: string, some: typeof rows) => {
    const lines = some.map(([form, outcome]) => `| ${form.what} | ${namesOf(form)} | ${outcomeText(outcome)} |`);
    return [`| ${head} | files | what becomes of it |`, "| --- | --- | --- |", ...lines].join("\n");
  };
  const read = table("read", rows.filter(([, { data }]) => data));
  const refused = table("refused", rows.filter(([, { refused }]) => refused));
  return `${read}\n\n${refused}`;
}

/** Where the tables are in the README. */
export const [FROM, TO] = ["<!-- made by test/_data_forms.ts -->", "<!-- until here -->"];

if (import.meta.main) {
  const path = new URL("data/README.md", ROOT);
  const readme = await Deno.readTextFile(path);
  const rows = [];
  for (const form of await forms()) rows.push([form, await load(form)] as const);
  const [before, after] = [readme.split(FROM)[0], readme.split(TO)[1]];
  await Deno.writeTextFile(path, `${before}${FROM}\n\n${tables(rows)}\n\n${TO}${after}`);
}

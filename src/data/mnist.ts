/**
 * Loads MNIST (LeCun, Cortes and Burges 1998) and other data sets in its format.
 *
 * @module
 */
import { sha256 } from "../disk/sha256.ts";
import { download, type OnProgress } from "./download.ts";
import { parseIdx } from "./idx.ts";
import { type Dataset, type ImageSet, imageSet, type LabelledImages } from "./images.ts";
import { type Halves, noLabels, readFolder } from "./read_folder.ts";

/** The sizes in bytes and the SHA-256 hashes of MNIST's four files, unpacked. */
const MNIST = {
  "train-images-idx3-ubyte": {
    size: 47_040_016,
    hash: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
  },
  "train-labels-idx1-ubyte": {
    size: 60_008,
    hash: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
  },
  "t10k-images-idx3-ubyte": {
    size: 7_840_016,
    hash: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
  },
  "t10k-labels-idx1-ubyte": {
    size: 10_008,
    hash: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  },
};

/** The name of one of MNIST's four files. */
type FileName = keyof typeof MNIST;

const FILES = Object.keys(MNIST) as FileName[];

/** What to do if MNIST cannot be downloaded, for messages. */
const OTHERWISE = "instead, download it once while online, so that the cache has it; name a directory of its files " +
  "(--data DIRECTORY); or use the embedded digits (--data digits)";

/** An unpacked file: its full name, for messages, and its bytes. */
interface Unpacked {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The options of {@linkcode loadMnist}. */
export interface MnistOptions {
  /**
   * A directory with four IDX files: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
   * `t10k-labels-idx1-ubyte`, each with or without `.gz`; or labelled images in any other format that
   * {@linkcode loadImages} reads. If it is not given, MNIST is downloaded.
   */
  readonly directory?: string;
  /** The mirrors to download MNIST from, tried in turn: URLs that end in `/`. Two public mirrors by default. */
  readonly mirrors?: readonly string[];
  /** The name of the cache that keeps the files, `vae-steps-mnist` by default. */
  readonly cache?: string;
  /** Receives the progress of the download of all four files. */
  readonly onProgress?: OnProgress;
}

/**
 * Loads MNIST, 60,000 training images and 10,000 held-out images, or another labelled data set in its format, such as
 * Fashion-MNIST or your own.
 *
 * The download (12 MB) is cached, so only the first call needs the network. The unpacked bytes are checked by SHA-256
 * every time, and damaged files in the cache are downloaded again. A mirror that cannot be reached, stalls or breaks
 * off is tried three times; after any other fault, the next mirror is tried at once. The contents of a directory are
 * not compared with MNIST's.
 *
 * @returns The data set, named `mnist` or, if a directory holds something else, by the path of the directory.
 * @throws {InputError} If the directory or a file in it is missing, a file is not what its name says, or files do not
 * belong together.
 * @throws {EnvironmentError} If a permission or the network is missing, or no mirror has the right bytes. For a
 * permission, the message names the flag to add.
 * @throws {RangeError} If a mirror is not an http or https URL that ends in `/`.
 * @example
 * ```ts ignore
 * import { loadMnist } from "@vae/steps";
 *
 * const { train, test } = await loadMnist(); // downloads 12 MB the first time
 * console.log(train.count, test.count); // 60000 10000
 * ```
 */
export async function loadMnist({
  directory,
  mirrors = [
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
  ],
  cache = "vae-steps-mnist",
  onProgress,
}: MnistOptions = {}): Promise<Dataset<LabelledImages>> {
  if (directory !== undefined) {
    const { train, test } = await readFolder(directory);
    if (!isLabelled(train) || !isLabelled(test)) throw noLabels(directory);
    return { name: await isMnist({ train, test }) ? "mnist" : directory, train, test };
  }
  const files = await fetchFiles(mirrors, cache, onProgress);
  const train = join(files["train-images-idx3-ubyte"], files["train-labels-idx1-ubyte"]);
  const test = join(files["t10k-images-idx3-ubyte"], files["t10k-labels-idx1-ubyte"]);
  return { name: "mnist", train, test };
}

/** Parses images and their labels into a set. */
function join(images: Unpacked, labels: Unpacked): LabelledImages {
  return imageSet(parseIdx(images.bytes, images.name, 3), parseIdx(labels.bytes, labels.name, 1));
}

/** Whether images have labels. */
export function isLabelled(images: ImageSet): images is LabelledImages {
  return images.labels !== undefined;
}

/** Gets the four files with `get`, all at once. */
async function four(get: (name: FileName) => Promise<Unpacked>): Promise<Record<FileName, Unpacked>> {
  const entries = await Promise.all(FILES.map(async (name) => [name, await get(name)]));
  return Object.fromEntries(entries);
}

/** Gets MNIST's files from the cache or the mirrors. If one fails, the others are aborted. */
async function fetchFiles(mirrors: readonly string[], cache: string, onProgress?: OnProgress) {
  const stop = new AbortController();
  const progress = new Map<FileName, { received: number; total: number }>();
  const tell = (file: FileName, received: number, total: number) => {
    progress.set(file, { received, total });
    const all = [...progress.values()];
    onProgress?.(all.reduce((sum, one) => sum + one.received, 0), all.reduce((sum, one) => sum + one.total, 0));
  };
  try {
    return await four(async (file) => {
      const name = `${file}.gz`;
      const bytes = await download({
        name,
        ...MNIST[file],
        mirrors,
        cache,
        otherwise: OTHERWISE,
        signal: stop.signal,
        onProgress: (received, total) => tell(file, received, total),
      });
      return { name, bytes };
    });
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}

/** Whether images and labels are those of MNIST, whatever the format of their files. */
export async function isMnist({ train, test }: Halves): Promise<boolean> {
  const arrays = [[train, train.pixels], [train, train.labels], [test, test.pixels], [test, test.labels]] as const;
  for (const [i, [{ count, height, width }, values]] of arrays.entries()) {
    const { size, hash } = MNIST[FILES[i]!]; // one file per array
    const header = i % 2 === 0 ? [0x803, count, height, width] : [0x801, count];
    if (values?.length !== size - 4 * header.length) return false;
    const file = new Uint8Array(size);
    header.forEach((number, at) => new DataView(file.buffer).setUint32(4 * at, number));
    file.set(values, 4 * header.length);
    if (await sha256(file) !== hash) return false;
  }
  return true;
}

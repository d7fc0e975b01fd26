/**
 * The checkpoints of a training run: a directory with the last two.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../../errors.ts";
import { ensureDirectory, replaceFile, writing } from "../../disk/write.ts";
import { isPermitted, missingPermission, permissionFlag } from "../../disk/permissions.ts";
import { reading } from "../../disk/read.ts";
import { type Checkpoint, encode, readCheckpoint } from "./file.ts";

const LOCK = "checkpoints.lock";

/**
 * A directory of checkpoints, which only one training run can use at a time. Declare it with `using`, or dispose it.
 *
 * However a training run ends, even by SIGKILL, the directory still holds an intact checkpoint, and the next run can
 * use the directory.
 */
export class CheckpointDirectory {
  /**
   * The newest intact checkpoint in the directory when it was opened, from which to resume; `undefined` if there was
   * none.
   */
  readonly found: Checkpoint | undefined;
  /** A sentence about each newer checkpoint, which was damaged or could not be read. */
  readonly passedOver: readonly string[];
  readonly #directory: string;
  readonly #lock: Deno.FsFile;
  /** The steps of the last two intact checkpoints. */
  #whole: number[];
  /** The steps of checkpoints that could not be read. They may be intact, so they are kept. */
  readonly #unread: number[];

  private constructor(directory: string, lock: Deno.FsFile, { found, passedOver, unread }: Newest) {
    this.#directory = directory;
    this.#lock = lock;
    this.#whole = found ? [found.step] : [];
    this.#unread = unread;
    this.found = found;
    this.passedOver = passedOver;
  }

  /**
   * Opens and locks a directory, and creates it if it does not exist.
   *
   * @param directory The path of the directory. Its parent must exist.
   * @param resume Whether to resume from a checkpoint there. If false, the directory must have no checkpoint.
   * @throws {InputError} If another training run is using the directory; if there are checkpoints and `resume` is
   * false; if there are checkpoints and none is intact; or if there are other files and no checkpoint. Other files are
   * left alone.
   * @throws {EnvironmentError} If the directory or every checkpoint in it cannot be read, or it cannot be written. If a
   * permission is missing, the message names the flags to add.
   */
  static async open(directory: string, resume: boolean): Promise<CheckpointDirectory> {
    await make(directory);
    await refuseOthers(directory); // before creating the lock file there
    const lock = await take(directory);
    try {
      const { steps, partial } = await list(directory);
      if (steps.length && !resume) {
        const training = `a training run at step ${steps[0]}`;
        throw new InputError(`${directory} already holds ${training}: add --resume, or name another directory.`);
      }
      for (const name of partial) await remove(`${directory}/${name}`, directory);
      return new CheckpointDirectory(directory, lock, await newest(directory, steps));
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /**
   * Saves a checkpoint. When the promise is fulfilled, the checkpoint is complete, and all others except the two newest
   * intact ones and those that could not be read have been removed. The argument may change as soon as the promise is
   * returned.
   *
   * @throws {EnvironmentError} If it cannot be written, for example because the disk is full, or if it would replace
   * one that could not be read. The earlier checkpoints are then unchanged.
   * @throws {RangeError} If the step is not a whole number of at least 0, or a number among the facts is not finite.
   * @throws {InputError} If it would exceed 256 MiB.
   */
  async save(checkpoint: Checkpoint): Promise<void> {
    const { step } = checkpoint;
    if (this.#unread.includes(step)) {
      throw new EnvironmentError(`${path(this.#directory, step)} could not be read, so it is not overwritten.`);
    }
    await replaceFile(path(this.#directory, step), await encode(checkpoint), this.#directory);
    this.#whole = [...this.#whole.filter((other) => other !== step), step].slice(-2);
    for (const other of (await list(this.#directory)).steps) {
      if (![...this.#whole, ...this.#unread].includes(other)) {
        await remove(path(this.#directory, other), this.#directory);
      }
    }
  }

  /** Releases the directory. */
  [Symbol.dispose]() {
    this.#lock.close();
  }
}

const path = (directory: string, step: number) => `${directory}/step-${String(step).padStart(8, "0")}.checkpoint`;

/** Checks the permissions to read and write a directory, and creates it unless it exists. */
async function make(directory: string): Promise<void> {
  const [reads, writes] = [await isPermitted("read", directory), await isPermitted("write", directory)];
  if (!reads && !writes) {
    const flags = [permissionFlag("read", directory), permissionFlag("write", directory)];
    throw new EnvironmentError(`Checkpoints in ${directory} require two permissions: add ${flags.join(" ")}.`);
  }
  if (!reads) throw missingPermission("read", directory);
  await ensureDirectory(directory);
}

/** Refuses a directory that holds other files and no checkpoint. */
async function refuseOthers(directory: string): Promise<void> {
  const { steps, others: [other] } = await list(directory);
  if (steps.length || other === undefined) return;
  throw new InputError(`${directory} holds other files ("${other}") but no checkpoint: name another directory.`);
}

/**
 * Lists a directory: the steps of checkpoints, newest first; files that a killed program left incomplete; other files.
 */
async function list(directory: string): Promise<{ steps: number[]; partial: string[]; others: string[] }> {
  const found = { steps: [] as number[], partial: [] as string[], others: [] as string[] };
  for (const { name, isDirectory } of await reading(directory, () => Array.fromAsync(Deno.readDir(directory)))) {
    const [, digits, end] = isDirectory ? [] : name.match(/^step-(\d{8,16})\.checkpoint(\.partial)?$/) ?? [];
    if (end) found.partial.push(name);
    else if (digits && path("", Number(digits)) === `/${name}`) found.steps.push(Number(digits));
    else if (name !== LOCK) found.others.push(name);
  }
  found.steps.sort((a, b) => b - a);
  return found;
}

/** Locks a directory. The lock ends with the process, however that ends; the lock file stays and means nothing. */
function take(directory: string): Promise<Deno.FsFile> {
  const path = `${directory}/${LOCK}`;
  return writing(path, directory, async () => {
    const file = await Deno.open(path, { read: true, write: true, create: true });
    if (await file.tryLock(true)) return file;
    file.close();
    throw new InputError(`Another training run is writing to ${directory}: name another directory.`);
  });
}

/** The newest intact checkpoint in a directory, and what is wrong with newer ones. */
interface Newest {
  /** The newest intact checkpoint. */
  found?: Checkpoint;
  /** A sentence about each newer checkpoint. */
  passedOver: string[];
  /** The steps of the newer checkpoints that could not be read. */
  unread: number[];
}

/** Reads the newest intact checkpoint. */
async function newest(directory: string, steps: number[]): Promise<Newest> {
  const [passedOver, unread]: [string[], number[]] = [[], []];
  for (const step of steps) {
    try {
      const found = await readCheckpoint(path(directory, step));
      if (found.step === step) return { found, passedOver, unread };
      passedOver.push(`${path(directory, step)} holds step ${found.step}: it was renamed.`);
    } catch (error) {
      if (error instanceof EnvironmentError) unread.push(step);
      else if (!(error instanceof InputError)) throw error;
      passedOver.push(error.message);
    }
  }
  const [first] = passedOver;
  if (unread.length) throw new EnvironmentError(`No checkpoint in ${directory} could be read. The newest: ${first}`);
  if (steps.length === 0) return { passedOver, unread };
  throw new InputError(`No checkpoint in ${directory} is intact: name another directory. The newest: ${first}`);
}

function remove(path: string, directory: string): Promise<void> {
  return writing(path, directory, () => Deno.remove(path));
}

/**
 * The checkpoints of a training: a directory with its last two.
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
 * A directory of checkpoints, which one training at a time has: take it with `using`, or dispose of it.
 *
 * However a training ends, be it by SIGKILL, the newest checkpoint there is whole, and the next training may have the
 * directory.
 */
export class CheckpointDirectory {
  /** The newest whole checkpoint that was there: where to resume; none if there was none. */
  readonly found: Checkpoint | undefined;
  /** A sentence about each newer one, which is damaged or could not be read. */
  readonly passedOver: readonly string[];
  readonly #directory: string;
  readonly #lock: Deno.FsFile;
  /** The steps of the last two that are whole. */
  #whole: number[];
  /** The steps of those that could not be read: perhaps they are whole, so they stay. */
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
   * Takes a directory, and makes it if there is none.
   *
   * @param directory Where; the directory above it must exist.
   * @param resume Whether to go on with what is there. Without, there must be no checkpoint.
   * @throws {InputError} If another training has the directory; if there are checkpoints and `resume` is false, or there
   * are and none is whole; if there are other files and no checkpoint, which are left alone.
   * @throws {EnvironmentError} If it, or every checkpoint in it, cannot be read or written; without a permission, the
   * message has the flags to add.
   */
  static async open(directory: string, resume: boolean): Promise<CheckpointDirectory> {
    await make(directory);
    await refuseOthers(directory); // before the lock makes a file there
    const lock = await take(directory);
    try {
      const { steps, partial } = await list(directory);
      if (steps.length && !resume) {
        const training = `a training at step ${steps[0]} already`;
        throw new InputError(`${directory} holds ${training}: add --resume, or name another directory.`);
      }
      for (const name of partial) await remove(`${directory}/${name}`, directory);
      return new CheckpointDirectory(directory, lock, await newest(directory, steps));
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /**
   * Saves a checkpoint. It is there, whole, once the promise is kept; all but the two newest whole ones, and those that could
   * not be read, are then removed. What it is given may change as soon as the promise is there.
   *
   * @throws {EnvironmentError} If it cannot be written, as on a full disk, or would replace one that could not be read: what
   * was there before is there still.
   * @throws {RangeError} If the step is not a count, or a number among the facts is not finite.
   * @throws {InputError} If it has more than 256 MiB.
   */
  async save(checkpoint: Checkpoint): Promise<void> {
    const { step } = checkpoint;
    if (this.#unread.includes(step)) {
      throw new EnvironmentError(`${path(this.#directory, step)} could not be read, and so is not overwritten.`);
    }
    await replaceFile(path(this.#directory, step), await encode(checkpoint), this.#directory);
    this.#whole = [...this.#whole.filter((other) => other !== step), step].slice(-2);
    for (const other of (await list(this.#directory)).steps) {
      if (![...this.#whole, ...this.#unread].includes(other)) {
        await remove(path(this.#directory, other), this.#directory);
      }
    }
  }

  /** Leaves the directory to others. */
  [Symbol.dispose]() {
    this.#lock.close();
  }
}

const path = (directory: string, step: number) => `${directory}/step-${String(step).padStart(8, "0")}.checkpoint`;

/** Makes a directory unless it exists, once it may be written and read. */
async function make(directory: string): Promise<void> {
  const [reads, writes] = [await isPermitted("read", directory), await isPermitted("write", directory)];
  if (!reads && !writes) {
    const flags = [permissionFlag("read", directory), permissionFlag("write", directory)];
    throw new EnvironmentError(`Checkpoints in ${directory} require two permissions: add ${flags.join(" ")}.`);
  }
  if (!reads) throw missingPermission("read", directory);
  await ensureDirectory(directory);
}

/** Refuses a directory that holds something else. */
async function refuseOthers(directory: string): Promise<void> {
  const { steps, others: [other] } = await list(directory);
  if (steps.length || other === undefined) return;
  throw new InputError(`${directory} holds other files ("${other}") and no checkpoint: name another directory.`);
}

/** What is in a directory: the steps of checkpoints, newest first, what killed trainings left half written, the rest. */
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

/** Locks a directory. The lock ends with the process, however that ends; the file of the lock stays and means nothing. */
function take(directory: string): Promise<Deno.FsFile> {
  const path = `${directory}/${LOCK}`;
  return writing(path, directory, async () => {
    const file = await Deno.open(path, { read: true, write: true, create: true });
    if (await file.tryLock(true)) return file;
    file.close();
    throw new InputError(`Another training writes to ${directory} now: name another directory.`);
  });
}

/** What is worth knowing of the checkpoints in a directory. */
interface Newest {
  /** The newest whole one. */
  found?: Checkpoint;
  /** A sentence about each newer one. */
  passedOver: string[];
  /** The steps of those newer ones that could not be read. */
  unread: number[];
}

/** Reads the newest whole checkpoint. */
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
  throw new InputError(`No checkpoint in ${directory} is whole: name another directory. The newest: ${first}`);
}

function remove(path: string, directory: string): Promise<void> {
  return writing(path, directory, () => Deno.remove(path));
}

/**
 * The jobs of src/README.md: their programs, how many statements they have, and projects to run them in.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import readme from "../src/README.md" with { type: "text" };
import { type Project, withProject } from "./_consumer.ts";
import type { Ended } from "./_run.ts";

/** The program of each job, by its letter. */
export const PROGRAMS: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from(
    readme.matchAll(/^### \((\w)\) [^\n]+\n\n```ts ignore\n(.*?)^```$/gms),
    ([, letter = "", program = ""]) => [letter, program],
  ),
);

/** What counts as a statement, wherever it stands. */
const STATEMENTS =
  "VariableDeclaration, FunctionDeclaration, ClassDeclaration, TSTypeAliasDeclaration, TSInterfaceDeclaration, " +
  "ExpressionStatement, IfStatement, ForStatement, ForOfStatement, ForInStatement, WhileStatement, DoWhileStatement, " +
  "ReturnStatement, ThrowStatement, TryStatement, SwitchStatement, BreakStatement, ContinueStatement";

/** How many statements a program has, those within others among them, but for imports and the paragraph of its data. */
export function statementsIn(program: string): number {
  const from = program.indexOf("// Data: ");
  const data = from < 0 ? [0, 0] : [from, program.indexOf("\n\n", from)];
  const count: Deno.lint.Plugin = {
    name: "count",
    rules: {
      statements: {
        create: (context) => ({
          [`:matches(${STATEMENTS})`](node: Deno.lint.Node) {
            const inHead = node.type === "VariableDeclaration" && /^For/.test(node.parent.type);
            const ofData = node.range[0] >= data[0]! && node.range[1] <= data[1]!;
            if (!inHead && !ofData) context.report({ node, message: "a statement" });
          },
        }),
      },
    },
  };
  return Deno.lint.runPlugin(count, "job.ts", program).length;
}

/** Writes a job's program, changed where `change` says how, into a project, and calls `use` with a way to run it there. */
export function withJob(
  letter: string,
  use: (run: () => Promise<Ended>, project: Project) => Promise<void>,
  change: (program: string) => string = (program) => program,
): Promise<void> {
  const program = change(PROGRAMS[letter]!); // a test holds that there are ten
  return withProject({ "main.ts": program }, (project) => {
    const run = () => project.start("run", "--no-prompt", "--allow-read", "--allow-write", "main.ts");
    return use(run, project);
  });
}

/** The numbers that a program has printed, line by line; each of its lines must be of numbers only. */
export function numbersIn({ code, out, err }: Ended): number[][] {
  assertEquals(code, 0, err);
  const lines = out.trimEnd().split("\n").map((line) => line.split(" ").map(Number));
  assert(lines.flat().every(Number.isFinite), out);
  return lines;
}

/** Numbers of a file that is mostly a hole: every 64th row of 1,024 holds some. */
export async function writeReadings(path: string, rows: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  await file.truncate(4096 * rows);
  const row = new Uint8Array(Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i)).buffer);
  for (let i = 0; i < rows; i += 64) {
    await file.seek(4096 * i, Deno.SeekMode.Start);
    await file.write(row);
  }
}

/** Starts a job's program in a project, to be watched while it runs. */
export function spawned(cwd: string): Deno.ChildProcess {
  const args = ["run", "--no-prompt", "--allow-read", "--allow-write", "main.ts"];
  const pipes = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  return new Deno.Command(Deno.execPath(), { args, cwd, env: { NO_COLOR: "1" }, ...pipes }).spawn();
}

/** How such a program has ended, and what it has said. */
export async function endOf(process: Deno.ChildProcess): Promise<Ended> {
  const { code, signal, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, signal, out: text(stdout), err: text(stderr) };
}

/** The most memory that a process has held until it ended, in MB, as Linux tells it. */
export async function peakOf(process: Deno.ChildProcess): Promise<number> {
  let [most, over] = [0, false];
  const status = process.status.finally(() => over = true);
  while (!over) {
    const { stdout } = await new Deno.Command("cat", { args: [`/proc/${process.pid}/status`], stderr: "null" })
      .output();
    const [, peak = 0] = /^VmHWM:\s+(\d+) kB$/m.exec(new TextDecoder().decode(stdout)) ?? [];
    most = Math.max(most, Number(peak) / 1024);
    await Promise.race([status, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  return most;
}

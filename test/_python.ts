/**
 * Programs of Python, where there is one that has what they need.
 *
 * @module
 */

/** Runs a program of Python, gives it `input`, and returns what it writes. */
export async function python(command: string, args: string[], input = ""): Promise<string> {
  const child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const [, { code, stdout, stderr }] = await Promise.all([
    new Blob([input]).stream().pipeTo(child.stdin).catch(() => {}), // it may end without reading
    child.output(),
  ]);
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (code !== 0) throw new Error(`${command} ends with ${code}: ${err}`);
  return out;
}

/** The first Python that has these modules: the user's own, or the system's. */
export async function pythonWith(...modules: string[]): Promise<string | undefined> {
  for (const command of ["python3", "/usr/bin/python3"]) {
    const found = await python(command, ["-c", `import ${modules}`]).then(() => true, () => false);
    if (found) return command;
  }
}

/**
 * A scratch project into which npm has installed the packages, and a server of its files.
 *
 * @module
 */
import type { Tab, View } from "./_chromium.ts";
import type { Ended } from "./_run.ts";
import { textOf } from "./_sources.ts";

/** The project. */
export interface Project {
  /** Its directory, with the programs and pages of the kernels' README. */
  cwd: string;
  /** Node 20, 22 and 24: their paths. */
  nodes: string[];
  /** Starts a program there. */
  start(program: string, ...args: string[]): Promise<Ended>;
  /** Bundles a module with esbuild. */
  bundle(entry: string, out: string, ...flags: string[]): Promise<void>;
}

const NODES = ["20", "22", "24"];

/** Makes the project in a directory, with these packages; or says why npm cannot. */
export async function installed(tarballs: string[], directory: string): Promise<Project | { missing: string }> {
  const cwd = `${directory}/project`;
  await Deno.mkdir(cwd);
  const start = (program: string, ...args: string[]) => run(program, args, cwd);
  await Deno.writeTextFile(`${cwd}/package.json`, `{ "private": true, "type": "module" }`);
  const readme = await textOf("src/kernels/README.md");
  for (const [, name = "", text = ""] of readme.matchAll(/^```[^\n]+\n(?:\/\/|<!--) (\S+)(?: -->)?\n(.*?)^```$/gms)) {
    await Deno.writeTextFile(`${cwd}/${name}`, text);
  }
  const flags = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
  const tries = await Promise.all([
    run("npm", [...flags, "--ignore-scripts", ...tarballs, "esbuild@0.25.12"], cwd),
    ...NODES.map((version) => run("npm", [...flags, `--prefix=${directory}/node${version}`, `node@${version}`], cwd)),
  ]);
  const failed = tries.find(({ code }) => code !== 0);
  if (failed) {
    const reason = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH)\b/.exec(failed.err)?.[0];
    if (!reason) throw new Error(failed.err);
    return { missing: reason };
  }
  const bundle = async (entry: string, out: string, ...more: string[]) => {
    const { code, err } = await start(
      "node_modules/.bin/esbuild",
      entry,
      "--bundle",
      "--format=esm",
      `--outfile=${out}`,
      ...more,
    );
    if (code !== 0) throw new Error(err);
  };
  return { cwd, start, bundle, nodes: NODES.map((version) => `${directory}/node${version}/node_modules/.bin/node`) };
}

async function run(program: string, args: string[], cwd: string): Promise<Ended> {
  const options = { args, cwd, env: { NO_COLOR: "1" }, stdin: "null" } as const;
  const { code, signal, stdout, stderr } = await new Deno.Command(program, options).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, signal, out: text(stdout), err: text(stderr) };
}

/** How pages are served: the first part of their paths. */
const HEADERS: Record<string, Record<string, string>> = {
  plain: {},
  csp: { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" },
  isolated: { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" },
};

const TYPES: Record<string, string> = { html: "text/html", js: "text/javascript", wasm: "application/wasm" };

/** Serves a directory, each file under the path of every mode. */
export function serve(directory: string) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const [, mode = "", ...path] = new URL(request.url).pathname.split("/");
    if (mode === "favicon.ico") return new Response(null, { status: 204 });
    const headers = { ...HEADERS[mode], "content-type": TYPES[path.at(-1)?.split(".").at(-1) ?? ""] ?? "text/plain" };
    return new Response(await Deno.readFile(`${directory}/${path.join("/")}`), { headers });
  });
  return {
    /** Opens a page, and waits for what it writes into its `output`. */
    async visit(open: (url: string, view: View) => Promise<Tab>, path: string) {
      const tab = await open(`http://127.0.0.1:${server.addr.port}/${path}`, { width: 800 });
      const said = await tab.evaluate<string>(`new Promise((done) => {
        addEventListener("error", ({ message }) => done(message));
        addEventListener("unhandledrejection", ({ reason }) => done(String(reason?.stack ?? reason)));
        setInterval(() => {
          const { textContent } = document.querySelector("output");
          if (textContent) done(textContent);
        }, 20);
      })`);
      return { said, tab };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/**
 * The frameworks that our training is compared with, where they are.
 *
 * @module
 */
import type { Contestant } from "./comparison.ts";
import { Peer, PeerError } from "./peer.ts";

/** The frameworks of Python; the steps of each are in `NAME_steps.py`. */
export const FRAMEWORKS = { torch: "PyTorch", keras: "Keras 3 on TensorFlow", jax: "JAX" };

export type Framework = keyof typeof FRAMEWORKS;

const path = (name: string) => new URL(name, import.meta.url).pathname;

/** Starts a framework on so many threads, in the first of these Pythons that has it; or else a sentence says why. */
export function startFramework(framework: Framework, pythons: string[], threads: number, batch: number) {
  const args = [path("peer.py"), framework, `${threads}`, `${batch}`];
  return startFirst(FRAMEWORKS[framework], pythons.map((command) => ({ command, args })));
}

/** Starts jax-js; or else a sentence says why not. The first time, Deno fetches it (0.4 MB). */
export function startJaxJs(batch: number): Promise<Peer | string> {
  const options = ["--no-prompt", "--quiet", "--no-config", `--lock=${path("jax_js.lock")}`, "--frozen"];
  const args = ["run", ...options, path("jax_js.ts"), `${batch}`];
  return startFirst("jax-js", [{ command: Deno.execPath(), args }]);
}

/** Starts the first of these programs that can; or else a sentence says why none can. */
export async function startFirst(
  title: string,
  programs: { command: string; args: string[] }[],
): Promise<Peer | string> {
  const reasons: string[] = [];
  for (const { command, args } of programs) {
    try {
      return await Peer.start(command, args);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      reasons.push(`${command}: ${error.message}`);
    }
  }
  return `${title} is left out (${reasons.join("; ")}).`;
}

/** A peer's ways of training a model, each a contestant. */
export function waysOf(framework: string, peer: Peer, model: string): Contestant[] {
  return (peer.ways[model] ?? []).map((way) => ({
    framework,
    name: peer.name,
    way,
    step: () => peer.step(model, way),
  }));
}

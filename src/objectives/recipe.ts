/**
 * What objectives can be made of again: in another thread, or to be compared with a checkpoint.
 *
 * @module
 */
import { LIKELIHOODS } from "../distributions/likelihood.ts";
import { PRIORS } from "../distributions/prior.ts";
import type { Json } from "../json.ts";
import type { Networks } from "../models/layers.ts";
import type { LayersVae, Vae } from "../models/vae.ts";

/** What an objective can be made of again. */
export type Recipe = NamedRecipe | ModuleRecipe;

/** An objective of this library: its name, what it is told, and the networks it is about. */
export interface NamedRecipe {
  /** Its name. */
  readonly name: string;
  /** What else it was made of. */
  readonly options: { readonly [name: string]: Json };
  /** Its networks, by name. */
  readonly networks: Networks;
}

/**
 * An objective of your own: a module exports a function that makes it. Importing the module must not train anything, and the
 * function returns an objective with the same variables in the same order every time; their values do not matter.
 */
export interface ModuleRecipe {
  /** Where the module is: `import.meta.url`. */
  readonly module: string;
  /** The function's name there. */
  readonly export: string;
  /** What the function is called with. */
  readonly options: Json;
}

/** A likelihood or a prior as it is written down. */
export type Named = { readonly name: string; readonly options: Json };

/**
 * The recipe of an objective of a VAE; none if the VAE is not made of layers, or its likelihood or prior cannot be made of
 * a name and options.
 */
export function recipeOf(name: string, vae: Vae, options: NamedRecipe["options"]): { recipe?: NamedRecipe } {
  const { encoder, decoder } = vae as Partial<LayersVae>;
  if (!encoder || !decoder || !(vae.likelihood.name in LIKELIHOODS) || !(vae.prior.name in PRIORS)) return {};
  const [likelihood, prior] = [vae.likelihood, vae.prior].map(({ name, options }: Named) => ({ name, options }));
  return {
    recipe: {
      name,
      options: { ...options, likelihood, prior } as NamedRecipe["options"],
      networks: { encoder, decoder },
    },
  };
}

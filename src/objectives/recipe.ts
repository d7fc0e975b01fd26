/**
 * Recipes: how to rebuild an objective in a worker, and how to compare it with that of a checkpoint.
 *
 * @module
 */
import { LIKELIHOODS } from "../distributions/likelihood.ts";
import { PRIORS } from "../distributions/prior.ts";
import type { Json } from "../json.ts";
import type { Networks } from "../models/layers.ts";
import type { LayersVae, Vae } from "../models/vae.ts";

/** How to rebuild an objective. */
export type Recipe = NamedRecipe | ModuleRecipe;

/** The recipe of an objective of this library: its name, its options and its networks. */
export interface NamedRecipe {
  /** Its name. */
  readonly name: string;
  /** The arguments it was built from. */
  readonly options: { readonly [name: string]: Json };
  /** Its encoder and its decoder. */
  readonly networks: Networks;
}

/**
 * The recipe of a custom objective: a module that exports a function that makes it. Importing the module must not train
 * anything. The function must return an objective with the same variables in the same order every time; their values do
 * not matter.
 */
export interface ModuleRecipe {
  /** The URL of the module: `import.meta.url`. */
  readonly module: string;
  /** The name of the exported function. */
  readonly export: string;
  /** The argument of the function. */
  readonly options: Json;
}

/** A likelihood or a prior in a recipe. */
export type Named = { readonly name: string; readonly options: Json };

/**
 * Returns the recipe of an objective of a VAE. There is none if the VAE is not made of layers, or if its likelihood or
 * prior cannot be rebuilt from a name and options.
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

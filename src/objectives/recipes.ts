/**
 * Rebuilds objectives from their recipes.
 *
 * @module
 */
import { LIKELIHOODS } from "../distributions/likelihood.ts";
import { PRIORS } from "../distributions/prior.ts";
import { InputError } from "../errors.ts";
import { layersAutoencoder } from "../models/autoencoder.ts";
import { type LayersVae, layersVae } from "../models/vae.ts";
import { importanceWeighted } from "./importance_weighted.ts";
import { negativeElbo } from "./negative_elbo.ts";
import type { Objective } from "./objective.ts";
import type { Named, NamedRecipe, Recipe } from "./recipe.ts";
import { squaredError } from "./squared_error.ts";

/** How each objective of this library is rebuilt from its recipe. */
export const RECIPES: Readonly<Record<string, (recipe: NamedRecipe) => Objective>> = {
  importanceWeighted: (recipe) => importanceWeighted(vaeOf(recipe), recipe.options as { samples: number }),
  negativeElbo: (recipe) => negativeElbo(vaeOf(recipe), recipe.options),
  squaredError: ({ networks: { encoder, decoder } }) => squaredError(layersAutoencoder(encoder, decoder)),
};

/**
 * Rebuilds an objective from its recipe.
 *
 * @throws {InputError} If the recipe names an objective, a likelihood, a prior or a function that does not exist.
 */
export async function objectiveOf(recipe: Recipe): Promise<Objective> {
  if ("name" in recipe) return entryOf(RECIPES, "objective", recipe.name)(recipe);
  const exports: Record<string, unknown> = await import(recipe.module);
  const make = exports[recipe.export];
  if (typeof make !== "function") throw new InputError(`The recipe's module exports no function "${recipe.export}".`);
  return await make(recipe.options);
}

/** Rebuilds the VAE of a recipe. */
function vaeOf({ options, networks: { encoder, decoder } }: NamedRecipe): LayersVae {
  const { likelihood, prior } = options as Record<"likelihood" | "prior", Named>;
  return layersVae(encoder, decoder, {
    likelihood: entryOf(LIKELIHOODS, "likelihood", likelihood.name)(likelihood.options),
    prior: entryOf(PRIORS, "prior", prior.name)(prior.options),
  });
}

/** Looks up an entry of a table. */
function entryOf<T>(table: Readonly<Record<string, T>>, what: string, name: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (found !== undefined) return found;
  throw new InputError(`There is no ${what} "${name}": expected one of ${Object.keys(table).join(", ")}.`);
}

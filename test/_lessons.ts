/**
 * The lessons, in order: the one list of them that tests have, and what tests need to know of each.
 *
 * @module
 */
import autoencoder from "../lessons/01_autoencoder.ts" with { type: "text" };
import likelihood from "../lessons/02_likelihood.ts" with { type: "text" };
import reparameterization from "../lessons/03_reparameterization.ts" with { type: "text" };
import kl from "../lessons/04_kl.ts" with { type: "text" };
import elbo from "../lessons/05_elbo.ts" with { type: "text" };
import vae from "../lessons/06_vae.ts" with { type: "text" };
import convVae from "../lessons/07_conv_vae.ts" with { type: "text" };
import latentMap from "../lessons/08_latent_map.ts" with { type: "text" };
import evidence from "../lessons/09_evidence.ts" with { type: "text" };

/** What tests know of a lesson. */
export interface LessonFile {
  /** The file's name, without its ending. */
  name: keyof typeof LOADERS;
  /** The file's text. */
  source: string;
  /** Flags that keep it short: it learns too little, and may end with the claim that it has learned something. */
  short: string[];
  /** Which of two lanes runs it, so that both take about the same time. */
  lane: 0 | 1;
  /** Whether it has the flag `--data`. */
  usesData: boolean;
  /** Whether it has the flags of a lesson that trains a model worth keeping. */
  keepsModel: boolean;
}

/** Loads a lesson, for those who call what it exports. */
export const LOADERS = {
  "01_autoencoder": () => import("../lessons/01_autoencoder.ts"),
  "02_likelihood": () => import("../lessons/02_likelihood.ts"),
  "03_reparameterization": () => import("../lessons/03_reparameterization.ts"),
  "04_kl": () => import("../lessons/04_kl.ts"),
  "05_elbo": () => import("../lessons/05_elbo.ts"),
  "06_vae": () => import("../lessons/06_vae.ts"),
  "07_conv_vae": () => import("../lessons/07_conv_vae.ts"),
  "08_latent_map": () => import("../lessons/08_latent_map.ts"),
  "09_evidence": () => import("../lessons/09_evidence.ts"),
};

const plain = { lane: 0, usesData: true, keepsModel: false } as const;
const training = ["--images", "40", "--batch", "20"];

/** Every lesson. */
export const LESSONS: LessonFile[] = [
  { ...plain, name: "01_autoencoder", source: autoencoder, short: ["--epochs", "1", "--hidden", "8"] },
  { ...plain, name: "02_likelihood", source: likelihood, short: ["--samples", "100"] },
  {
    ...plain,
    name: "03_reparameterization",
    source: reparameterization,
    short: ["--samples", "1000"],
    usesData: false,
  },
  { ...plain, name: "04_kl", source: kl, short: ["--samples", "1000"], usesData: false },
  { ...plain, name: "05_elbo", source: elbo, short: ["--steps", "20"], lane: 1, usesData: false },
  { ...plain, name: "06_vae", source: vae, short: ["--epochs", "1", "--hidden", "8"], lane: 1 },
  { ...plain, name: "07_conv_vae", source: convVae, short: training, keepsModel: true },
  { ...plain, name: "08_latent_map", source: latentMap, short: training, lane: 1, keepsModel: true },
  {
    ...plain,
    name: "09_evidence",
    source: evidence,
    short: [...training, "--points", "50"],
    lane: 1,
    keepsModel: true,
  },
];

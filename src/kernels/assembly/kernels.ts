/**
 * The inner loops of training, in AssemblyScript, a file for each family.
 *
 * They work in the memory of another module, on float32 unless said otherwise. Addresses are in bytes, and neither they nor
 * sizes are checked here. Built by `deno task kernels`, once with relaxed SIMD, whose multiply-add rounds once, and once
 * without. TypeScript calls them by the names of their parameters.
 */
export * from "./adam";
export * from "./depthwise";
export * from "./pooling";
export * from "./elementwise";
export * from "./log1p";
export * from "./products";
export * from "./segments";
export * from "./sine";
export * from "./softplus";
export * from "./sums";
export * from "./winograd";

/**
 * The inner loops of training, in AssemblyScript. Each file holds one family of kernels.
 *
 * The kernels work in the memory of another module, on float32 numbers unless their comments say otherwise. Addresses
 * are in bytes. The kernels check neither addresses nor sizes. `deno task kernels` builds them twice: with relaxed
 * SIMD, whose multiply-add may round only once, and without it. TypeScript passes them their arguments by name.
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

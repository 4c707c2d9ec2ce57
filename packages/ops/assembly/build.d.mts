/** The text of `src/engine/wasm-kernels.generated.ts`, compiled anew. */
export function generate(): Promise<string>

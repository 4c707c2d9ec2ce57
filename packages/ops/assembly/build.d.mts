/**
 * The text of `src/kernels/wasm-kernels.generated.ts`, compiled anew.
 * @param changed sources, by name, that take the place of those in this folder
 */
export function generate(changed?: Record<string, string>): Promise<string>

/** The text of `src/kernels/wasm-fused.generated.ts`, compiled anew. */
export function generateFused(): Promise<string>

/**
 * The text of `src/kernels/wasm-structs.generated.ts`, from the layout of the classes that kernels read.
 * @param changed sources, by name, that take the place of those in this folder
 */
export function generateStructs(changed?: Record<string, string>): Promise<string>

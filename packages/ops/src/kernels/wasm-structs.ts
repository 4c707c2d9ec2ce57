declare const place: unique symbol
declare const layout: unique symbol

/** Where something lies in the WASM heap, in bytes. A number, but no number is one: it comes from the heap. */
export type Address = number & { readonly [place]: true }

/** Where the first of one or several structs of that name lies. */
export type StructAt<Name extends string> = Address & { readonly [layout]: Name }

/** What a number is written as. TypeScript cannot tell one of these from another. */
export type Int32 = number
export type Float32 = number
export type Bytes = number

/** How a class of `assembly/*.ts` is written for the kernels that read it. */
export interface Struct<Fields> {
  /** Its size, in words of 32 bits. */
  readonly words: number
  /** Writes one that begins at word `at`, through two views of the same memory. */
  write(value: Fields, at: number, words: Int32Array, floats: Float32Array): void
}

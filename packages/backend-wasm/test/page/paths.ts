const file = (url: URL): string => url.href

/** The binaries, as Vite serves them. */
export const paths: Readonly<Record<string, string>> = {
  'tfjs-backend-wasm-simd.wasm': file(
    new URL('../../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm', import.meta.url),
  ),
  'tfjs-backend-wasm-threaded-simd.wasm': file(
    new URL(
      '../../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.wasm',
      import.meta.url,
    ),
  ),
}

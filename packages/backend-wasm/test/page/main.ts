import { wasm } from '@ddnet/backend-wasm'
import { conv2d, ones, sum, type Tensor4D, valueAndGrads } from '@ddnet/ops'

const file = (url: URL): string => url.href

/** The binaries, as Vite serves them. */
const paths = {
  'tfjs-backend-wasm.wasm': file(
    new URL('../../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm', import.meta.url),
  ),
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

/** Convolves ones with ones and differentiates the sum. */
export async function report() {
  const backend = await wasm({ paths })
  const [x, filter] = [ones([1, 4, 4, 3]) as Tensor4D, ones([3, 3, 3, 2]) as Tensor4D]
  const { value, grads } = valueAndGrads(() => sum(conv2d(x, filter, { padding: 1 })), [x, filter])
  return {
    device: backend.device,
    sum: (await value.data())[0],
    filterGradient: [...((await grads[1]?.data()) ?? [])].slice(0, 6),
    isolated: globalThis.crossOriginIsolated,
    threads: await wasm({ threads: 2 }).catch((error: Error) => `${error.name}: ${error.message}`),
  }
}

Object.assign(globalThis, { report })

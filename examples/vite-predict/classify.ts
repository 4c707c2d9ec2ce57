import { wasm } from '@ddnet/backend-wasm'
import { centerCrop, decodeImage, type ImageField, normalize, resize } from '@ddnet/datasets'
import { cifar10DDNet } from '@ddnet/models/cifar10'
import { softmax, tensor, tidy } from '@ddnet/ops'
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'

// Not awaited here, so that a photo that is chosen at once waits for it.
const ready = wasm({ paths: { 'tfjs-backend-wasm-simd.wasm': simdUrl } }).then(cifar10DDNet)

/** The classes of a photo, the likeliest first, as in `ship 99.3%`. */
export async function classify(photo: File): Promise<string[]> {
  const { model, classNames, size, mean, std } = await ready
  let sample: { image: ImageField } = {
    image: await decodeImage(new Uint8Array(await photo.arrayBuffer()), photo.name),
  }
  for (const transform of [resize(size), centerCrop(size), normalize({ mean, std })]) sample = transform(sample, {})
  const { data, shape } = sample.image
  const probabilities = tidy(() => softmax(model.predict(tensor(data, [1, ...shape]))))
  const ranked = [...(await probabilities.data())].map((value, label) => ({ value, name: classNames[label] }))
  probabilities.dispose()
  return ranked.sort((a, b) => b.value - a.value).map(({ name, value }) => `${name} ${(100 * value).toFixed(1)}%`)
}

import type { Dataset } from './dataset.ts'
import { checkIndex } from './image-dataset.ts'

/** A dataset that is loaded when its first sample is asked for; after a failure, again when the next one is. */
export function lazyDataset<T>(length: number, load: () => Promise<Dataset<T>>): Dataset<T> {
  let loading: Promise<Dataset<T>> | undefined
  const loaded = (): Promise<Dataset<T>> => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  return {
    length,
    async get(index, options) {
      checkIndex(index, length)
      return (await loaded()).get(index, options)
    },
  }
}

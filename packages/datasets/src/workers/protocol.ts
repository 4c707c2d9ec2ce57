/** What a page or process asks a worker for: one sample, by its index and key. */
export interface SampleRequest {
  readonly id: number
  readonly index: number
  readonly key: readonly [high: number, low: number] | undefined
}

/** What a worker says: once what its dataset is, or why there is none, and then an answer to each request. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly length: number; readonly labels: readonly number[] | undefined }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'sample'; readonly id: number; readonly sample: unknown }
  | {
      readonly kind: 'error'
      readonly id: number
      readonly message: string
      readonly path: string | undefined
      /** Of an error that is the machine's and not the sample's. */
      readonly code: string | undefined
    }

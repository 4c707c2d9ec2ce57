/** What a device is told to do, as it is told. */
export interface DeviceObserver {
  dispatch?(pipeline: GPUComputePipeline, grid: readonly [number, number, number], bindings: readonly Bound[]): void
  submit?(): void
  createBuffer?(bytes: number): void
  createPipeline?(label: string): void
  /** From the host to the device, or from one buffer to another. */
  copy?(bytes: number): void
}

/** A buffer, or a part of one, that a dispatch works on. */
export interface Bound {
  readonly buffer: GPUBuffer
  readonly bytes: number
}

const observersOf = new WeakMap<GPUDevice, Set<DeviceObserver>>()

/**
 * Tells `observer` from now on what a device is told to do, by wrapping the device, its queue and the encoders that it
 * makes. Other devices are not touched. A pass that was begun before the first observer came is not seen.
 *
 * @returns what ends it
 */
export function observeDevice(device: GPUDevice, observer: DeviceObserver): () => void {
  const observers = observersOf.get(device) ?? hook(device)
  observers.add(observer)
  return () => observers.delete(observer)
}

function hook(device: GPUDevice): Set<DeviceObserver> {
  const observers = new Set<DeviceObserver>()
  observersOf.set(device, observers)
  const boundBy = new WeakMap<GPUBindGroup, Bound[]>()

  before(device, 'createBuffer', ({ size }) => {
    for (const each of observers) each.createBuffer?.(size)
  })
  for (const method of ['createComputePipeline', 'createComputePipelineAsync'] as const) {
    before(device, method, ({ label = '' }) => {
      for (const each of observers) each.createPipeline?.(label)
    })
  }
  before(device.queue, 'submit', () => {
    for (const each of observers) each.submit?.()
  })
  before(device.queue, 'writeBuffer', (_buffer, _offset, data, dataOffset = 0, size = sizeOf(data) - dataOffset) => {
    const unit = 'BYTES_PER_ELEMENT' in data ? (data.BYTES_PER_ELEMENT as number) : 1
    for (const each of observers) each.copy?.(size * unit)
  })
  after(device, 'createBindGroup', (group, { entries }) => {
    boundBy.set(group, [...entries].flatMap(boundOf))
  })
  after(device, 'createCommandEncoder', (encoder) => {
    before(encoder, 'copyBufferToBuffer', (...parameters: unknown[]) => {
      const bytes = parameters.findLast((each) => typeof each === 'number') as number
      for (const each of observers) each.copy?.(bytes)
    })
    after(encoder, 'beginComputePass', (pass) => {
      let pipeline: GPUComputePipeline
      const groups: Bound[][] = []
      before(pass, 'setPipeline', (chosen) => {
        pipeline = chosen
      })
      before(pass, 'setBindGroup', (index, group) => {
        groups[index] = (group && boundBy.get(group)) ?? []
      })
      before(pass, 'dispatchWorkgroups', (x, y = 1, z = 1) => {
        for (const each of observers) each.dispatch?.(pipeline, [x, y, z], groups.flat())
      })
    })
  })
  return observers
}

const sizeOf = (data: GPUAllowSharedBufferSource): number =>
  'length' in data ? (data.length as number) : data.byteLength

function boundOf({ resource }: GPUBindGroupEntry): Bound[] {
  if (!('buffer' in resource)) return []
  const { buffer, offset = 0, size = buffer.size - offset } = resource
  return [{ buffer, bytes: size }]
}

type Methods<T> = { [K in keyof T as T[K] extends (...parameters: never[]) => unknown ? K : never]: T[K] }
type Call<T, K extends keyof T> = T[K] extends (...parameters: infer P) => infer R ? (...parameters: P) => R : never

/** Calls `see` with the arguments of each call of a method, before it. */
function before<T extends object, K extends keyof Methods<T> & keyof T>(
  target: T,
  method: K,
  see: (...parameters: Parameters<Call<T, K>>) => void,
): void {
  const original = (target[method] as Call<T, K>).bind(target) as Call<T, K>
  target[method] = ((...parameters: Parameters<Call<T, K>>) => {
    see(...parameters)
    return original(...parameters)
  }) as T[K]
}

/** Calls `see` with the result of each call of a method, and the arguments. */
function after<T extends object, K extends keyof Methods<T> & keyof T>(
  target: T,
  method: K,
  see: (result: ReturnType<Call<T, K>>, ...parameters: Parameters<Call<T, K>>) => void,
): void {
  const original = (target[method] as Call<T, K>).bind(target) as Call<T, K>
  target[method] = ((...parameters: Parameters<Call<T, K>>) => {
    const result = original(...parameters) as ReturnType<Call<T, K>>
    see(result, ...parameters)
    return result
  }) as T[K]
}

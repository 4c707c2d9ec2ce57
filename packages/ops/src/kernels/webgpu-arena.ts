import type { DataType, TensorInfo } from '@tensorflow/tfjs-core'
import { util } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'

/** Where in an arena a tensor lies, in bytes. */
interface Part {
  readonly arena: object
  readonly offset: number
  readonly bytes: number
}

/** What tfjs-backend-webgpu keeps of a tensor; `part` is ours. */
interface TensorData {
  readonly dtype: DataType
  readonly shape: readonly number[]
  readonly values: unknown
  refCount: number
  resource?: GPUBuffer | null
  /** Not tfjs's to free. */
  external?: boolean
  part?: Part | undefined
}

interface WebgpuBackend {
  readonly tensorMap: {
    has(dataId: object): boolean
    get(dataId: object): TensorData | undefined
    set(dataId: object, data: TensorData): void
  }
  readonly commandQueueOwnedIds: WeakSet<object>
  readonly commandEncoder: GPUCommandEncoder
  readonly bufferManager: { acquireBuffer(bytes: number, usage: GPUBufferUsageFlags): GPUBuffer }
  nextDataId(): number
  makeTensorInfo(shape: number[], dtype: DataType): TensorInfo
  uploadToGPU(dataId: object): void
  incRef(dataId: object): void
  disposeData(dataId: object): boolean
  ensureCommandEncoderReady(): void
  endComputePassEncoder(): void
  tensorToBinding(tensor?: TensorInfo): unknown
  releaseResource(dataId: object): void
  read(dataId: object): Promise<unknown>
  readSync(dataId: object): unknown
  readToGPU(dataId: object, ...options: unknown[]): unknown
}

/** Where WebGPU lets a binding begin on every device (`minStorageBufferOffsetAlignment`). */
const alignment = 256

const bytesOf = (shape: readonly number[]): number => 4 * util.sizeFromShape([...shape])

/** Where each of the tensors begins, in bytes, when they lie one after the other; and where the last one ends. */
export function layoutOf(shapes: readonly (readonly number[])[]): { offsets: number[]; bytes: number } {
  let bytes = 0
  const offsets = shapes.map((shape) => {
    const offset = bytes
    bytes += Math.ceil(bytesOf(shape) / alignment) * alignment
    return offset
  })
  return { offsets, bytes }
}

/**
 * Lets tensors of a backend be parts of one buffer, an arena, so that one dispatch works on more of them than the 8
 * buffers that WebGPU grants. tfjs binds whole buffers; now it binds the part. Before a part is read back it gets a
 * buffer of its own, as tfjs reads whole ones. An arena is freed with the last of its parts.
 */
export function allowArenas(webgpuBackend: object): void {
  const backend = webgpuBackend as WebgpuBackend // the one that tfjs-backend-webgpu made
  const tensorToBinding = backend.tensorToBinding.bind(backend)
  backend.tensorToBinding = (tensor) => {
    const data = tensor && backend.tensorMap.get(tensor.dataId)
    if (data?.part === undefined) return tensorToBinding(tensor)
    return { buffer: data.resource, offset: data.part.offset, size: data.part.bytes }
  }
  const releaseResource = backend.releaseResource.bind(backend)
  backend.releaseResource = (dataId) => {
    const part = backend.tensorMap.get(dataId)?.part
    releaseResource(dataId)
    if (part !== undefined) backend.disposeData(part.arena)
  }
  const { read, readSync, readToGPU } = backend
  backend.read = (dataId) => {
    detach(backend, dataId)
    return read.call(backend, dataId)
  }
  backend.readSync = (dataId) => {
    detach(backend, dataId)
    return readSync.call(backend, dataId)
  }
  backend.readToGPU = (dataId, ...options) => {
    detach(backend, dataId)
    return readToGPU.call(backend, dataId, ...options)
  }
}

/** A buffer for float32 tensors of these shapes, each of them a part; all are to be written by one dispatch. */
export function makeArena(
  webgpuBackend: object,
  shapes: readonly (readonly number[])[],
): { whole: TensorInfo; parts: TensorInfo[] } {
  const backend = webgpuBackend as WebgpuBackend
  const { offsets, bytes } = layoutOf(shapes)
  const whole = backend.makeTensorInfo([bytes / 4], 'float32')
  backend.uploadToGPU(whole.dataId)
  const resource = backend.tensorMap.get(whole.dataId)?.resource as GPUBuffer
  const parts = shapes.map((shape, index): TensorInfo => {
    const dataId = { id: backend.nextDataId() }
    const part = { arena: whole.dataId, offset: itemAt(offsets, index), bytes: bytesOf(shape) }
    const own = { dtype: 'float32', shape: [...shape], values: null, refCount: 1 } as const
    backend.tensorMap.set(dataId, { ...own, resource, external: true, part })
    backend.incRef(whole.dataId)
    return { dataId, dtype: 'float32', shape: [...shape] }
  })
  return { whole, parts }
}

/**
 * The arena whose parts these float32 tensors are, in this order and no others, or a new one that they are copied into.
 * The caller disposes it.
 */
export function arenaOf(webgpuBackend: object, tensors: readonly TensorInfo[]): TensorInfo {
  const backend = webgpuBackend as WebgpuBackend
  const { offsets, bytes } = layoutOf(tensors.map(({ shape }) => shape))
  const parts = tensors.map(({ dataId }) => backend.tensorMap.get(dataId)?.part)
  const arena = parts[0]?.arena
  if (arena !== undefined && parts.every((part, index) => part?.arena === arena && part.offset === offsets[index])) {
    const whole = backend.tensorMap.get(arena) as TensorData
    if (bytesOf(whole.shape) === bytes) {
      backend.incRef(arena)
      return { dataId: arena, dtype: 'float32', shape: [...whole.shape] }
    }
  }
  const whole = backend.makeTensorInfo([bytes / 4], 'float32')
  for (const { dataId } of [whole, ...tensors]) backend.uploadToGPU(dataId)
  const target = backend.tensorMap.get(whole.dataId)?.resource as GPUBuffer
  for (const [index, { dataId, shape }] of tensors.entries()) {
    const { resource, part } = backend.tensorMap.get(dataId) as TensorData
    copy(backend, [resource as GPUBuffer, part?.offset ?? 0], [target, itemAt(offsets, index)], bytesOf(shape))
    backend.commandQueueOwnedIds.add(dataId)
  }
  backend.commandQueueOwnedIds.add(whole.dataId)
  return whole
}

/** Gives a part a buffer of its own. */
function detach(backend: WebgpuBackend, dataId: object): void {
  const data = backend.tensorMap.has(dataId) ? backend.tensorMap.get(dataId) : undefined
  if (data?.part === undefined || data.values != null) return
  const { arena, offset, bytes } = data.part
  const from = data.resource as GPUBuffer
  const own = backend.bufferManager.acquireBuffer(bytes, from.usage)
  copy(backend, [from, offset], [own, 0], bytes)
  backend.commandQueueOwnedIds.add(dataId).add(arena)
  data.resource = own
  data.external = false
  data.part = undefined
  backend.disposeData(arena)
}

function copy(backend: WebgpuBackend, from: [GPUBuffer, number], to: [GPUBuffer, number], bytes: number): void {
  backend.ensureCommandEncoderReady()
  backend.endComputePassEncoder()
  backend.commandEncoder.copyBufferToBuffer(...from, ...to, bytes)
}

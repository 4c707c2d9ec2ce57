import type { HostTensor } from '@ddnet/ops'
import { fileTypes, hostTensor } from '../safetensors/dtypes.ts'
import { show } from '../show.ts'
import { PickleGlobal } from './pickle.ts'
import { PyTorchError } from './pytorch-error.ts'

/** Types of PyTorch that are read, as those of files, and how wide the others are. */
export type TorchType = keyof typeof fileTypes | 'complex64' | 'complex128'

const legacyStorages: Readonly<Record<string, TorchType>> = {
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  DoubleStorage: 'float64',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  ComplexFloatStorage: 'complex64',
  ComplexDoubleStorage: 'complex128',
}

/** What `torch.…` names as a dtype: storages without a type say it beside. */
const dtypes: Readonly<Record<string, TorchType>> = {
  ...{ float32: 'float32', float16: 'float16', bfloat16: 'bfloat16', float64: 'float64' },
  ...{ int64: 'int64', int32: 'int32', int16: 'int16', int8: 'int8', uint8: 'uint8', bool: 'bool' },
  ...{ uint16: 'uint16', uint32: 'uint32', uint64: 'uint64' },
  ...{ float8_e4m3fn: 'float8_e4m3', float8_e5m2: 'float8_e5m2' },
  ...{ complex64: 'complex64', complex128: 'complex128' },
}

const widthOf = (type: TorchType): number =>
  type === 'complex64' ? 8 : type === 'complex128' ? 16 : fileTypes[type].bytes

/** Bytes that lie in a file of the archive, `data/KEY`, and may be those of several tensors. */
export class TorchStorage {
  constructor(
    readonly key: string,
    /** None where each tensor says it. */
    readonly type: TorchType | undefined,
    /** As many values as it says that it has: bytes, where it has no type. */
    readonly count: number,
  ) {}

  get bytes(): number {
    return this.count * (this.type === undefined ? 1 : widthOf(this.type))
  }
}

/** A tensor as a checkpoint tells of it: a view of a storage. */
export class TorchTensor {
  constructor(
    readonly storage: TorchStorage,
    readonly type: TorchType,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}

  get count(): number {
    return this.shape.reduce((product, size) => product * size, 1)
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const areCounts = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= 64 && value.every(isCount)

/** A type, as a global of a pickle that nothing calls. */
class TypeGlobal extends PickleGlobal {
  constructor(
    name: string,
    readonly type: TorchType | undefined,
  ) {
    super(name)
  }
}

/** What a tensor's storage is in a pickle: `('storage', torch.FloatStorage, '0', 'cpu', 12)`. */
export function storageOf(id: unknown): TorchStorage {
  const [kind, type, key, , count] = Array.isArray(id) ? id : []
  if (kind === 'storage' && type instanceof TypeGlobal && typeof key === 'string' && isCount(count))
    return new TorchStorage(key, type.type, count)
  throw new PyTorchError(`expected ('storage', TYPE, KEY, DEVICE, COUNT) as a reference to values, got ${show(id)}.`)
}

/** `_rebuild_tensor(storage, offset, size, stride)`, and with the type behind it for a storage without one. */
function rebuildTensor(args: readonly unknown[], type: unknown): TorchTensor {
  const [storage, offset, shape, strides] = args
  const wrong = (what: string) => new PyTorchError(`a tensor of data.pkl cannot be: ${what}.`)
  if (!(storage instanceof TorchStorage)) throw wrong(`expected a storage, got ${show(storage)}`)
  const own = type instanceof TypeGlobal ? type.type : storage.type
  if (own === undefined || (storage.type !== undefined && storage.type !== own)) throw wrong('its type is missing')
  if (!isCount(offset)) throw wrong(`its offset is ${show(offset)}`)
  if (!areCounts(shape)) throw wrong(`its size is ${show(shape)}`)
  if (!areCounts(strides) || strides.length !== shape.length) throw wrong(`its strides are ${show(strides)}`)
  const tensor = new TorchTensor(storage, own, offset, shape, strides)
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), offset)
  const held = storage.bytes / widthOf(own)
  if (!Number.isSafeInteger(tensor.count * 16) || (tensor.count > 0 && !(last < held)))
    throw wrong(`[${shape}] from ${offset} on with strides [${strides}] leaves its storage of ${held} values`)
  return tensor
}

const callable = (name: string, call: (args: readonly unknown[]) => unknown): [string, PickleGlobal] => [
  name,
  new PickleGlobal(name, call),
]
const typed = (name: string, type: TorchType | undefined): [string, PickleGlobal] => [name, new TypeGlobal(name, type)]

/** All that a pickle of tensors may name. */
export const torchGlobals: ReadonlyMap<string, PickleGlobal> = new Map([
  ...Object.entries(legacyStorages).map(([name, type]) => typed(`torch.${name}`, type)),
  ...Object.entries(dtypes).map(([name, type]) => typed(`torch.${name}`, type)),
  typed('torch.storage.UntypedStorage', undefined),
  typed('torch.UntypedStorage', undefined),
  callable('torch._utils._rebuild_tensor', (args) => rebuildTensor(args, undefined)),
  callable('torch._utils._rebuild_tensor_v2', (args) => rebuildTensor(args, undefined)),
  callable('torch._utils._rebuild_tensor_v3', (args) => rebuildTensor(args, args[6])),
  callable('torch._utils._rebuild_parameter', ([data]) => data),
  callable('torch.Size', ([sizes]) => sizes),
  callable('torch.device', ([device]) => device),
  callable('collections.OrderedDict', ([items]) => {
    if (items === undefined) return new Map()
    throw new PyTorchError(
      `collections.OrderedDict is made of ${show(items)}, expected of nothing, with items behind it.`,
    )
  }),
])

/** Bytes that a tensor takes on the host. */
export const hostBytes = ({ type, count }: TorchTensor): number =>
  type === 'complex64' || type === 'complex128'
    ? 0 // it is not read
    : count * { float32: 4, int32: 4, int64: 8, uint8: 1, bool: 1 }[fileTypes[type].host]

/** The values of a tensor, copied into row order; a text says why it is not read. */
export function hostTensorOf(tensor: TorchTensor, storage: Uint8Array): HostTensor | string {
  const { type, shape } = tensor
  if (type === 'complex64' || type === 'complex128')
    return `its dtype is ${type}. Save its real and imaginary parts, torch.view_as_real(tensor).`
  return hostTensor(fileTypes[type], shape, rowOrder(tensor, storage))
}

/** The values one after the other, the last axis innermost. */
function rowOrder({ type, offset, shape, strides, count }: TorchTensor, storage: Uint8Array): ArrayBuffer {
  const width = widthOf(type)
  if (isContiguous(shape, strides)) {
    const begin = offset * width
    return new Uint8Array(storage.subarray(begin, begin + count * width)).buffer
  }
  const values = new Uint8Array(count * width)
  const position = shape.map(() => 0)
  let from = offset
  for (let to = 0; to < count; to++) {
    values.set(storage.subarray(from * width, (from + 1) * width), to * width)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [stride, size, place] = [strides[axis] ?? 0, shape[axis] ?? 0, (position[axis] ?? 0) + 1]
      from += stride
      position[axis] = place
      if (place < size) break
      from -= place * stride
      position[axis] = 0
    }
  }
  return values.buffer
}

/** An axis of one value may have any stride. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis] ?? 1
  }
  return true
}

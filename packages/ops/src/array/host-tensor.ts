import type { Tensor } from '@tensorflow/tfjs-core'
import { expectOperand } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { tensor } from './create.ts'

interface HostTypes {
  float32: Float32Array
  int32: Int32Array
  int64: BigInt64Array
  uint8: Uint8Array
  bool: Uint8Array
}

/** A tensor's values on the host: what files hold. */
export type HostTensor = {
  [D in keyof HostTypes]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: HostTypes[D] }
}[keyof HostTypes]

/** Reads a tensor back to the host. */
export async function toHost(x: Tensor): Promise<HostTensor> {
  expectOperand('toHost', 'x', x)
  const data = await x.data()
  if (x.dtype === 'float32') return { dtype: 'float32', shape: x.shape, data: Float32Array.from(data) }
  if (x.dtype === 'int32') return { dtype: 'int32', shape: x.shape, data: Int32Array.from(data) }
  if (x.dtype === 'bool') return { dtype: 'bool', shape: x.shape, data: Uint8Array.from(data) }
  throw new ShapeError(`toHost: expected a float32, int32 or bool tensor, got ${x.dtype}.`)
}

/** Uploads host values to the backend, as float32, int32 or bool. */
export function fromHost(host: HostTensor): Tensor {
  const shape = [...host.shape]
  if (host.dtype === 'float32') return tensor(host.data, shape, 'float32')
  if (host.dtype === 'bool') return tensor(host.data, shape, 'bool')
  if (host.dtype === 'int64') return tensor(Int32Array.from(host.data, Number), shape, 'int32')
  return tensor(Int32Array.from(host.data), shape, 'int32')
}

/** Permutes the axes of host values: axis `i` of the result is axis `axes[i]` of `host`. */
export function permuteHost<T extends HostTensor>(host: T, axes: readonly number[]): T {
  const strides = host.shape.map((_, axis) => host.shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  const shape = axes.map((axis) => host.shape[axis])
  const data = host.data.slice()
  const position = shape.map(() => 0)
  for (let at = 0; at < data.length; at++) {
    let from = 0
    for (let axis = 0; axis < axes.length; axis++) {
      from += (position[axis] as number) * (strides[axes[axis] as number] as number)
    }
    data[at] = host.data[from] as number
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      position[axis] = (position[axis] as number) + 1
      if ((position[axis] as number) < (shape[axis] as number)) break
      position[axis] = 0
    }
  }
  return { ...host, shape, data }
}

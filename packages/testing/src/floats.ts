import { type HostTensor, type Tensor, toHost } from '@ddnet/ops'

/** The numbers of a float32 tensor. @throws TypeError if it is of another dtype */
export const floatsOf = async (x: Tensor | undefined): Promise<Float32Array> => {
  if (x === undefined) throw new TypeError('expected a tensor, got undefined')
  return floats(await toHost(x))
}

/** The numbers of host values that are float32. @throws TypeError if they are of another dtype */
export function floats(host: HostTensor): Float32Array {
  if (host.dtype !== 'float32') throw new TypeError(`expected float32, got ${host.dtype}`)
  return host.data
}

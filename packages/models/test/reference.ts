import { createHash } from 'node:crypto'
import { type InputSpec, init, type Module, Parameter, summary } from '@ddnet/layers'
import { clone, type HostTensor, random, type Scalar, type Tensor, tensor } from '@ddnet/ops'
import { entryOf, type FixtureTensor, floats, floatsOf, itemAt, jsonFixture, readTensors } from '@ddnet/testing'
import { expect } from 'vitest'

// PyTorch's results with weights and inputs by a formula of their names: the other half of fixtures/network_file.py.

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

/** In [−0.5, 0.5): the formula of fixtures/network_file.py. */
function uniform(name: string, size: number): Float64Array {
  let start = 2166136261
  for (const byte of new TextEncoder().encode(name)) start = Math.imul(start ^ byte, 16777619)
  return Float64Array.from({ length: size }, (_, at) => {
    let x = (start + Math.imul(at, 0x9e3779b9)) | 0
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    return ((x ^ (x >>> 16)) >>> 8) / 2 ** 24 - 0.5
  })
}

function weights(name: string, shape: readonly number[]): Float32Array {
  const scale = 4 / Math.sqrt(sizeOf(shape.slice(1)))
  const value = (u: number): number => {
    if (shape.length > 1) return u * scale
    return name.endsWith('running_var') ? 1 + u : name.endsWith('weight') ? 1 + u * 0.5 : u * 0.5
  }
  return Float32Array.from(uniform(name, sizeOf(shape)), value)
}

/** Loads the formula's weights, in PyTorch's layouts; what is shared has those of its first name. */
export async function filled<M extends Module>(model: M, prefix = ''): Promise<M> {
  const names = [...model.parameters().keys(), ...model.buffers().keys()]
  const state = Object.entries(await init(model, random.key(0)).stateDict()).flatMap(
    ([name, host]): [string, HostTensor][] => {
      if (host.dtype === 'int64') return [[name, host]]
      return names.includes(name)
        ? [[name, { ...host, dtype: 'float32', data: weights(prefix + name, host.shape) }]]
        : []
    },
  )
  model.loadStateDict(Object.fromEntries(state))
  return model
}

export const images = (name: string, shape: readonly number[], scale = 4): Tensor =>
  tensor(
    Float32Array.from(uniform(name, sizeOf(shape)), (u) => u * scale),
    [...shape],
  )

export const integers = (name: string, shape: readonly number[], below: number): Tensor =>
  tensor(
    Int32Array.from(uniform(name, sizeOf(shape)), (u) => Math.trunc((u + 0.5) * below)),
    [...shape],
    'int32',
  )

/** A network at full size. */
export interface Counts {
  readonly parameters: number
  readonly multiplyAdds: number
  /** SHA-256 of all names and shapes. */
  readonly names: string
}

/** Of a model without values. */
export function countsOf(model: Module, ...inputs: InputSpec[]): Counts {
  const { parameters, multiplyAdds } = summary(model, ...inputs)
  const lines = [...model.parameters(), ...model.buffers()].map(([name, { torchShape }]) => `${name} [${torchShape}]`)
  return { parameters, multiplyAdds, names: createHash('sha256').update(lines.sort().join('\n')).digest('hex') }
}

/** What PyTorch found of some networks, by name. */
export class Reference {
  readonly counts: Readonly<Record<string, Counts>>
  readonly #expected: Record<string, FixtureTensor>

  /** @param folder of the fixtures */
  constructor(folder: string) {
    this.#expected = readTensors(`${folder}/expected.safetensors`)
    this.counts = jsonFixture(`${folder}/counts.json`) as Record<string, Counts>
  }

  /** One that has a name of its own. */
  tensor(name: string): FixtureTensor {
    return entryOf(this.#expected, name)
  }

  /** How far logits are off, over the largest or 1; at most 2e-6. */
  async expectLogits(name: string, logits: Tensor): Promise<number> {
    const { shape, data } = entryOf(this.#expected, `${name}.logits`)
    expect(logits.shape).toEqual(shape)
    const found = await floatsOf(logits)
    const scale = Math.max(1, ...Array.from(data, Math.abs))
    const off = found.reduce((most, value, at) => Math.max(most, Math.abs(value - itemAt(data, at))), 0) / scale
    expect(off, 'logits').toBeLessThanOrEqual(2e-6)
    return off
  }

  /**
   * How far gradients are off, each over the norm of its parameter's, or what stands for one that is almost 0; at most 1e-5. There has to be one of each parameter.
   *
   * @param inner the model's name in the fixture, with a dot behind it
   */
  async expectGradients(
    name: string,
    model: Module,
    { loss, grads }: { loss: Scalar; grads: Record<string, Tensor> },
    inner = '',
  ): Promise<number> {
    const wanted = itemAt(entryOf(this.#expected, `${name}.${inner}loss`).data, 0)
    expect(Math.abs(itemAt(await loss.data(), 0) - wanted) / Math.abs(wanted)).toBeLessThan(2e-6)
    expect(Object.keys(grads)).toEqual([...model.parameters().keys()])
    let most = 0
    for (const [parameter, gradient] of Object.entries(grads)) {
      const owner = model.parameters().get(parameter)
      const held = new Parameter(gradient.shape, owner?.layout ? { layout: owner.layout } : {}) // knows PyTorch's order
      held.assign(clone(gradient))
      const values = floats(await held.toTorch())
      held.dispose()
      const sums = entryOf(this.#expected, `${name}.sums.${inner}${parameter}`).data
      const [norm, product] = [itemAt(sums, 0), itemAt(sums, 1)]
      const unit = sums[2] ?? norm
      const samples = entryOf(this.#expected, `${name}.samples.${inner}${parameter}`).data
      const along = uniform(inner + parameter, values.length)
      const check = (difference: number, what: string) => {
        const off = Math.abs(difference) / unit
        expect(off, `${what} of ${parameter}`).toBeLessThan(1e-5)
        most = Math.max(most, off)
      }
      const length = Math.sqrt(along.reduce((sum, each) => sum + each * each, 0))
      const sum = values.reduce((sum, value, at) => sum + value * itemAt(along, at), 0)
      check(Math.hypot(...chunked(values)) - norm, 'norm')
      check((sum - product) / length, 'product')
      for (const [index, sample] of samples.entries()) {
        check(itemAt(values, Math.floor((index * values.length) / 16)) - sample, `sample ${index}`)
      }
    }
    return most
  }
}

/** Norms of parts: `Math.hypot` takes no hundred thousand arguments. */
function chunked(values: Float32Array): number[] {
  const norms: number[] = []
  for (let at = 0; at < values.length; at += 1000) norms.push(Math.hypot(...values.subarray(at, at + 1000)))
  return norms
}

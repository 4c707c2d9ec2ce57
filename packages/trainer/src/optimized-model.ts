import type { Module } from '@ddnet/layers'
import { clone, dispose, fromHost, type HostTensor, keep, type Tensor, toHost } from '@ddnet/ops'
import type { Optimizer, OptimizerState, Tensors } from '@ddnet/optimizers'
import type { Snapshot } from './snapshot.ts'

// Where the optimizer keeps averaged weights, those are the model's in a file, and the trained ones go with the optimizer.
const trained = 'trained.'
// How many updates passed a parameter by is a number; in a file of tensors it is a scalar.
const missed = 'missed.'

/** A model and the optimizer that changes it, with the optimizer's state. */
export class OptimizedModel {
  #state: OptimizerState

  /** @throws Error if `saved` is not of this model and optimizer */
  constructor(
    readonly model: Module,
    readonly optimizer: Optimizer,
    saved?: Pick<Snapshot, 'model' | 'optimizer'>,
  ) {
    if (saved === undefined) {
      this.#state = optimizer.init(this.values())
      return
    }
    model.loadStateDict(saved.model)
    this.#state = this.#restore(saved.optimizer)
  }

  /** That of the coming update. */
  get learningRate(): number {
    return this.optimizer.learningRate(this.#state.step)
  }

  /** The parameters as plain tensors by name. */
  values(): Tensors {
    return Object.fromEntries([...this.model.parameters()].map(([name, { value }]) => [name, value]))
  }

  /** New parameters and a new state; the old ones go. The gradients stay the caller's. */
  update(grads: Tensors): void {
    const next = this.optimizer.update(grads, this.#state, this.values())
    dispose(Object.values(this.#state.tensors))
    this.assign(next.params)
    for (const tensor of Object.values(next.state.tensors)) keep(tensor)
    this.#state = next.state
  }

  /** Runs what `update` runs, and changes nothing. */
  rehearse(grads: Tensors): void {
    const { params, state } = this.optimizer.update(grads, this.#state, this.values())
    dispose([...Object.values(params), ...Object.values(state.tensors)])
  }

  /** The parameters take these tensors and own them. */
  assign(values: Tensors): void {
    for (const [name, parameter] of this.model.parameters()) parameter.assign(values[name] as Tensor)
  }

  /** Runs `run` with the averaged weights in the model, where the optimizer keeps some. */
  async evaluated<T>(run: () => Promise<T>): Promise<T> {
    const average = this.optimizer.average?.(this.#state)
    if (average === undefined) return run()
    const values = handles(this.values())
    this.assign(handles(average))
    try {
      return await run()
    } finally {
      this.assign(values)
    }
  }

  async save(): Promise<Pick<Snapshot, 'model' | 'optimizer'>> {
    const average = this.optimizer.average?.(this.#state)
    const { step, tensors, missed: counts = {} } = this.#state
    const averages = new Set(Object.values(average ?? {}))
    const own = Object.entries(tensors).filter(([, tensor]) => !averages.has(tensor))
    const weights = average === undefined ? [] : Object.entries(this.values())
    const entries = [...own, ...weights.map(([name, tensor]) => [trained + name, tensor] as const)]
    const hosts = entries.map(async ([name, tensor]) => [name, await toHost(tensor)] as const)
    const missing = Object.entries(counts).map(([name, count]): [string, HostTensor] => [
      missed + name,
      { dtype: 'int32', shape: [], data: Int32Array.of(count) },
    ])
    return {
      optimizer: { step, tensors: Object.fromEntries([...(await Promise.all(hosts)), ...missing]) },
      model: await this.evaluated(() => this.model.stateDict()),
    }
  }

  /** Leaves the averaged weights in the model, where the optimizer keeps some. */
  finish(): void {
    const average = this.optimizer.average?.(this.#state)
    if (average !== undefined) this.assign(handles(average))
  }

  dispose(): void {
    dispose(Object.values(this.#state.tensors))
  }

  /** The saved state on the device, after the model's weights were loaded. */
  #restore(saved: Snapshot['optimizer']): OptimizerState {
    const params = this.values()
    const fresh = this.optimizer.init(params)
    const average = this.optimizer.average?.(fresh)
    const averages = new Set(Object.values(average ?? {})) // the loaded weights
    const expected = [
      ...Object.entries(fresh.tensors).filter(([, tensor]) => !averages.has(tensor)),
      ...(average === undefined ? [] : Object.entries(params).map(([name, value]) => [trained + name, value] as const)),
    ]
    const names = new Set([...expected.map(([name]) => name), ...Object.keys(params).map((name) => missed + name)])
    const problems = expected.flatMap(([name, { shape }]) => {
      const host = saved.tensors[name]
      if (host === undefined) return [`missing ${name}`]
      return host.shape.join() === shape.join() ? [] : [`${name} is [${host.shape}], expected [${shape}]`]
    })
    problems.push(...Object.keys(saved.tensors).flatMap((name) => (names.has(name) ? [] : [`unexpected ${name}`])))
    if (problems.length > 0) {
      dispose(Object.values(fresh.tensors))
      throw new Error(
        `resume: the saved state does not fit this optimizer: ${problems.slice(0, 3).join('; ')}${problems.length > 3 ? `; and ${problems.length - 3} more` : ''}. Resume with the optimizer that the run was started with.`,
      )
    }
    const tensors = Object.entries(fresh.tensors).map(([name, tensor]) => {
      const host = saved.tensors[name]
      if (host === undefined) return [name, tensor] as const
      tensor.dispose()
      return [name, fromHost(host)] as const
    })
    if (average !== undefined) {
      this.assign(
        Object.fromEntries(
          Object.keys(params).map((name) => [
            name,
            fromHost(saved.tensors[trained + name] as Parameters<typeof fromHost>[0]),
          ]),
        ),
      )
    }
    const counts = Object.keys(params).flatMap((name) => {
      const count = saved.tensors[missed + name]?.data[0]
      return count === undefined ? [] : [[name, Number(count)] as const]
    })
    return {
      step: saved.step,
      tensors: Object.fromEntries(tensors),
      ...(counts.length > 0 && { missed: Object.fromEntries(counts) }),
    }
  }
}

/** A second handle on each tensor. */
export const handles = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, keep(clone(tensor))]))

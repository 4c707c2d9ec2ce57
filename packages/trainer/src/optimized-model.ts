import type { Module } from '@ddnet/layers'
import { clone, dispose, fromHost, type HostTensor, keep, toHost } from '@ddnet/ops'
import {
  applyGradients,
  averagedParams,
  initState,
  type Optimizer,
  type OptimizerState,
  type Tensors,
  withCurrentNames,
} from '@ddnet/optimizers'
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
      this.#state = initState(optimizer, this.#trained())
      return
    }
    model.loadStateDict(saved.model)
    this.#state = this.#restore(saved.optimizer)
  }

  /** That of the coming update. */
  get learningRate(): number {
    return this.optimizer.learningRate(this.#state.step)
  }

  /** That of the last update; before the first, that of the first. */
  get lastLearningRate(): number {
    return this.optimizer.learningRate(Math.max(0, this.#state.step - 1))
  }

  /** The parameters as plain tensors by name. */
  values(): Tensors {
    return Object.fromEntries([...this.model.parameters()].map(([name, { value }]) => [name, value]))
  }

  /** New parameters and a new state; the old ones go. The gradients stay the caller's. */
  update(grads: Tensors): void {
    const next = applyGradients(this.optimizer, grads, this.#state, this.values())
    dispose(Object.values(this.#state.tensors))
    this.assign(next.params)
    for (const tensor of Object.values(next.state.tensors)) keep(tensor)
    this.#state = next.state
  }

  /** Runs what `update` runs, and changes nothing. */
  rehearse(grads: Tensors): void {
    const { params, state } = applyGradients(this.optimizer, grads, this.#state, this.values())
    dispose([...Object.values(params), ...Object.values(state.tensors)])
  }

  /** The parameters of these names take the tensors and own them. */
  assign(values: Tensors): void {
    for (const [name, parameter] of this.model.parameters()) {
      const value = values[name]
      if (value !== undefined) parameter.assign(value)
    }
  }

  /** Runs `run` with the averaged weights in the model, where the optimizer keeps some. */
  async evaluated<T>(run: () => Promise<T>): Promise<T> {
    const average = averagedParams(this.optimizer, this.#state)
    if (average === undefined) return run()
    const values = handles(matching(this.values(), average))
    this.assign(handles(average))
    try {
      return await run()
    } finally {
      this.assign(values)
    }
  }

  async save(): Promise<Pick<Snapshot, 'model' | 'optimizer'>> {
    const average = averagedParams(this.optimizer, this.#state)
    const { step, tensors, missed: counts = {} } = this.#state
    const averages = new Set(Object.values(average ?? {}))
    const own = Object.entries(tensors).filter(([, tensor]) => !averages.has(tensor))
    const weights = average === undefined ? [] : Object.entries(matching(this.values(), average))
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
    const average = averagedParams(this.optimizer, this.#state)
    if (average !== undefined) this.assign(handles(average))
  }

  dispose(): void {
    dispose(Object.values(this.#state.tensors))
  }

  /** The parameters that are not frozen. */
  #trained(): Tensors {
    const trained = [...this.model.parameters()].filter(([, { frozen }]) => !frozen)
    return Object.fromEntries(trained.map(([name, { value }]) => [name, value]))
  }

  /** What a file must have for parameters that were updated. */
  #stateNames(updated: Tensors): ReadonlySet<string> {
    const state = initState(this.optimizer, updated)
    const average = averagedParams(this.optimizer, state) ?? {}
    dispose(Object.values(state.tensors))
    return new Set([...Object.keys(state.tensors), ...Object.keys(average).map((name) => trained + name)])
  }

  /** The saved state on the device, after the model's weights were loaded. */
  #restore({ step, tensors: saved }: Snapshot['optimizer']): OptimizerState {
    const tensors = withCurrentNames(saved)
    const params = this.values()
    const counts = Object.keys(params).flatMap((name) => {
      const count = tensors[missed + name]?.data[0]
      return count === undefined ? [] : [[name, Number(count)] as const]
    })
    const times = new Map(counts)
    const updated = Object.fromEntries(Object.entries(params).filter(([name]) => (times.get(name) ?? 0) < step))
    const fresh = initState(this.optimizer, { ...this.#trained(), ...updated })
    const average = averagedParams(this.optimizer, fresh) ?? {}
    const averages = new Set(Object.values(average)) // the loaded weights
    const expected = [
      ...Object.entries(fresh.tensors).filter(([, tensor]) => !averages.has(tensor)),
      ...Object.entries(average).map(([name, value]) => [trained + name, value] as const),
    ]
    const needed = this.#stateNames(updated)
    const names = new Set([...expected.map(([name]) => name), ...Object.keys(params).map((name) => missed + name)])
    const problems = expected.flatMap(([name, { shape }]) => {
      const host = tensors[name]
      // What had no gradient yet may have been frozen, and then had no state.
      if (host === undefined) return needed.has(name) ? [`missing ${name}`] : []
      return host.shape.join() === shape.join() ? [] : [`${name} is [${host.shape}], expected [${shape}]`]
    })
    problems.push(...Object.keys(tensors).flatMap((name) => (names.has(name) ? [] : [`unexpected ${name}`])))
    if (problems.length > 0) {
      dispose(Object.values(fresh.tensors))
      throw new Error(
        `resume: the saved state does not fit this optimizer: ${problems.slice(0, 3).join('; ')}${problems.length > 3 ? `; and ${problems.length - 3} more` : ''}. Resume with the optimizer that the run was started with.`,
      )
    }
    const restored = Object.entries(fresh.tensors).map(([name, tensor]) => {
      const host = tensors[name]
      if (host === undefined) return [name, tensor] as const
      tensor.dispose()
      return [name, fromHost(host)] as const
    })
    this.assign(
      Object.fromEntries(
        Object.keys(average).flatMap((name) => {
          const host = tensors[trained + name]
          return host === undefined ? [] : [[name, fromHost(host)] as const]
        }),
      ),
    )
    return {
      step,
      tensors: Object.fromEntries(restored),
      ...(counts.length > 0 && { missed: Object.fromEntries(counts) }),
    }
  }
}

/** Those of `tensors` whose names `others` has, too. */
const matching = (tensors: Tensors, others: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => others[name] !== undefined))

/** A second handle on each tensor. */
export const handles = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, keep(clone(tensor))]))

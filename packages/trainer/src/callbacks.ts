import type { Callback, Control } from './callback.ts'
import { CallbackError } from './callback-error.ts'
import { CheckpointError } from './checkpoint/checkpoint-error.ts'
import { DivergedError } from './diverged-error.ts'
import { LogError } from './loggers/log-error.ts'
import type { Json, Snapshot } from './snapshot.ts'

export type EventName = 'onStart' | 'onStep' | 'onValidation' | 'onEpoch' | 'onEnd'
export type EventOf<E extends EventName> = Parameters<NonNullable<Callback[E]>>[0]

/** The callbacks of a run: in which order they are told, under which name each keeps its state, and whose failure it was. */
export class Callbacks {
  readonly #all: readonly { readonly name: string; readonly callback: Callback }[]

  constructor(callbacks: readonly Callback[]) {
    // Those that remember come first, so that a checkpoint made in the same event holds what they learned from it.
    this.#all = named(callbacks).toSorted(
      (a, b) => Number(b.callback.state !== undefined) - Number(a.callback.state !== undefined),
    )
  }

  /**
   * Tells every callback, one after the other.
   *
   * @param isOthers whether a failure that a callback passes on is somebody else's, and is thrown as it is
   * @throws CallbackError naming the one that fails; errors that name themselves pass
   */
  async emit<E extends EventName>(
    name: E,
    event: EventOf<E>,
    control: Control,
    step: number,
    isOthers: (error: unknown) => boolean,
  ): Promise<void> {
    for (const { name: callbackName, callback } of this.#all) {
      const handler = callback[name] as ((event: EventOf<E>, control: Control) => void | Promise<void>) | undefined
      try {
        await handler?.call(callback, event, control)
      } catch (error) {
        if (isOthers(error)) throw error
        if ([DivergedError, CheckpointError, LogError, CallbackError].some((type) => error instanceof type)) throw error
        throw new CallbackError(callbackName, name, step, error)
      }
    }
  }

  /** Whether one of them looks at the model as this step left it. */
  needState(step: number): boolean {
    // All are asked, for they may remember what they answered.
    const asking = this.#all.filter(({ name, callback }) => {
      try {
        return callback.needsState?.(step)
      } catch (error) {
        throw new CallbackError(name, 'needsState', step, error)
      }
    })
    return asking.length > 0
  }

  /** What they tell elsewhere is on the disk afterwards. */
  async flush(step: number): Promise<void> {
    for (const { name, callback } of this.#all) {
      try {
        await callback.flush?.()
      } catch (error) {
        if (error instanceof LogError) throw error
        throw new CallbackError(name, 'flush', step, error)
      }
    }
  }

  /** What they remember over a resume, by name. */
  states(): Readonly<Record<string, Json>> {
    const states = this.#all.flatMap(({ name, callback }) =>
      callback.state === undefined ? [] : [[name, callback.state()] as const],
    )
    return Object.fromEntries(states)
  }

  restore(states: Snapshot['callbacks']): void {
    for (const { name, callback } of this.#all) {
      const state = states?.[name]
      if (state !== undefined) callback.restore?.(state)
    }
  }
}

/** Each callback with a name of its own: the second of a name is `NAME (2)`. */
function named(callbacks: readonly Callback[]): { name: string; callback: Callback }[] {
  const counts = new Map<string, number>()
  return callbacks.map((callback, index) => {
    const name = callback.name ?? `#${index + 1}`
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return { name: count === 1 ? name : `${name} (${count})`, callback }
  })
}

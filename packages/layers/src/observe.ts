import type { Module } from './module.ts'

/** A module that has just run. */
export interface Visit {
  /** Its dotted name below the observed model, which is '' itself; the first one of a module that has several. */
  readonly path: string
  /** How often it ran before, while it is observed. */
  readonly call: number
  readonly module: Module
  readonly inputs: readonly unknown[]
  readonly output: unknown
}

/**
 * Runs `run`, and tells `visit` of each module of `model` that runs in it, in the order in which they finish: inner ones before
 * those that they are parts of. Where `visit` returns `{ output }`, that takes the place of the module's output. Layers that run as
 * one kernel run one by one while they are observed. Afterwards nothing is left on the modules.
 *
 * Inputs and outputs are the forward pass's: `visit` keeps a clone of what it needs longer than that.
 *
 * @param options.only the names of the modules to observe; by default all
 * @param options.before told of each module before it runs
 * @throws Error if `run` is async: nothing would be observed any more; RangeError for a name that the model has not
 * @example observe(model, () => model.predict(images), ({ path, output }) => console.log(path, (output as Tensor).shape))
 */
export function observe<T>(
  model: Module,
  run: () => T,
  visit: (visit: Visit) => unknown,
  { only, before }: { readonly only?: readonly string[]; readonly before?: (path: string) => void } = {},
): T {
  const calls = new Map<Module, number>()
  const restores: (() => void)[] = []
  try {
    for (const [path, module] of only === undefined ? model.modules() : chosen(model, only)) {
      const restore = replaceForward(module, (forward) => (...inputs) => {
        const call = calls.get(module) ?? 0
        calls.set(module, call + 1)
        before?.(path)
        const output = forward(...inputs)
        const answer = visit({ path, call, module, inputs, output })
        return isReplacement(answer) ? answer.output : output
      })
      restores.push(restore)
    }
    const result = run()
    if (result instanceof Promise) {
      result.catch(() => {}) // this error stands for it
      throw new Error('observe: expected what is observed not to be async.')
    }
    return result
  } finally {
    for (const restore of restores.reverse()) restore()
  }
}

function chosen(model: Module, only: readonly string[]): Map<string, Module> {
  const modules = model.modules()
  return new Map(
    only.map((name) => {
      const found = modules.get(name)
      if (found !== undefined) return [name, found]
      const names = [...modules.keys()].filter((each) => each !== '')
      throw new RangeError(
        `${model.constructor.name} has no layer ${JSON.stringify(name)}. Its layers are ${names.join(', ')}.`,
      )
    }),
  )
}

const isReplacement = (answer: unknown): answer is { readonly output: unknown } =>
  answer !== null && typeof answer === 'object' && Object.hasOwn(answer, 'output')

type Forward = (...inputs: never[]) => unknown

/**
 * Puts another `forward` before a module's own. What it returns gives the module back what it had: the method of its class, or a
 * property of its own with all of that property's attributes.
 */
function replaceForward(module: Module, around: (forward: Forward) => Forward): () => void {
  const own = Object.getOwnPropertyDescriptor(module, 'forward')
  const { forward } = module
  Object.defineProperty(module, 'forward', {
    value: around((...inputs) => forward.apply(module, inputs)),
    configurable: true,
    enumerable: false,
    writable: true,
  })
  return () => {
    if (own === undefined) Reflect.deleteProperty(module, 'forward')
    else Object.defineProperty(module, 'forward', own)
  }
}

import {
  type DataType,
  engine,
  getKernel,
  KernelBackend,
  keep,
  registerBackend,
  registerKernel,
  type Tensor,
  type TensorInfo,
  tidy,
  util,
} from '@tensorflow/tfjs-core'
import { makeInfos, shapeRules } from './shape-kernels.ts'

const backendName = 'ddnet-shapes'

/** A backend whose tensors have a shape and no values. */
class ShapeBackend extends KernelBackend {
  readonly #data = new WeakMap<object, { handles: number; readonly bytes: number }>()
  heldBytes = 0

  override write(_: unknown, shape: number[], dtype: DataType): object {
    return this.#add(dtype === 'string' ? 0 : util.sizeFromShape(shape) * util.bytesPerElement(dtype))
  }

  #add(bytes: number): object {
    const dataId = {}
    this.#data.set(dataId, { handles: 1, bytes })
    this.heldBytes += bytes
    return dataId
  }

  /** A second handle on data. Another backend's data takes no bytes here. */
  share({ dataId }: TensorInfo): object {
    const data = this.#data.get(dataId)
    if (data === undefined) return this.#add(0)
    data.handles++
    return dataId
  }

  override refCount(dataId: object): number {
    return this.#data.get(dataId)?.handles ?? 0
  }

  override incRef(dataId: object): void {
    const data = this.#data.get(dataId)
    if (data !== undefined) data.handles++
  }

  override disposeData(dataId: object, force = false): boolean {
    const data = this.#data.get(dataId)
    if (data === undefined) return true
    data.handles--
    if (data.handles > 0 && !force) return false
    this.heldBytes -= data.bytes
    this.#data.delete(dataId)
    return true
  }

  override readSync(): never {
    throw new Error('onShapes: there are shapes here and no values to read. Do without them, or run it on a backend.')
  }

  override async read(): Promise<never> {
    return this.readSync()
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false }
  }

  override floatPrecision(): 32 {
    return 32
  }

  override numDataIds(): number {
    return 0
  }

  override timerAvailable(): boolean {
    return false
  }

  override dispose(): void {}
}

/** What tfjs's types keep to itself of its engine. */
interface EngineState {
  backendName: string
  backendInstance: KernelBackend | null
}

interface Session {
  readonly placeholders: Map<object, Tensor>
}

const sessionKey = Symbol.for('@ddnet/ops: shapes without values')

/** It stands with the engine: two copies of this package have one engine. */
const holder = (): { [sessionKey]?: Session | undefined } => engine() as { [sessionKey]?: Session }

/**
 * Runs `run` on a backend that knows shapes and computes nothing: forward and backward passes take no time and no memory, and
 * need no backend to be started. Tensors that are made in it are gone afterwards; it returns what is read from them: shapes.
 * Values are there only where the host makes them.
 *
 * @param run gets `heldBytes()`: what the tensors that are made in it, and not disposed yet, would take on a backend, where two
 *   handles on the same data take it once
 * @throws Error if `run` reads values, or is async; what operators throw about shapes
 * @example const shape = onShapes(() => model.forward(zeros([8, 512, 512, 3])).shape)
 */
export function onShapes<T>(run: (memory: { heldBytes(): number }) => T): T {
  const state = engine() as unknown as EngineState // which backend is current is private to tfjs's types
  const { backendName: name, backendInstance: instance } = state
  const around = holder()[sessionKey]
  const session: Session = { placeholders: new Map() }
  holder()[sessionKey] = session
  state.backendName = backendName
  const backend = started()
  state.backendInstance = backend
  try {
    let result: T | undefined
    tidy(() => {
      result = run({ heldBytes: () => backend.heldBytes })
    })
    if (result instanceof Promise) {
      result.catch(() => {}) // this error stands for it
      throw new Error('onShapes: expected what runs not to be async.')
    }
    return result as T
  } finally {
    for (const tensor of session.placeholders.values()) tensor.dispose()
    state.backendName = name
    state.backendInstance = instance
    holder()[sessionKey] = around
  }
}

/**
 * Inside of `onShapes`, a tensor of this shape; elsewhere undefined. It allocates nothing, not on the host either.
 *
 * @param owner whose tensor it stands for: the same one each time, which stays until `onShapes` ends
 */
export function placeholder(
  shape: readonly number[],
  { owner, dtype = 'float32' }: { readonly owner?: object; readonly dtype?: DataType } = {},
): Tensor | undefined {
  const session = holder()[sessionKey]
  if (session === undefined) return undefined
  const known = owner && session.placeholders.get(owner)
  if (known !== undefined) return known
  const dataId = engine().backend.write(undefined as never, [...shape], dtype)
  const made = engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype })
  if (owner !== undefined) session.placeholders.set(owner, keep(made))
  return made
}

function started(): ShapeBackend {
  const found = engine().registry[backendName]
  if (found !== undefined) return found as ShapeBackend
  const backend = new ShapeBackend()
  // What cannot be chosen by chance: no automatic choice takes a priority below zero while there is another.
  registerBackend(backendName, () => backend, -1)
  engine().registry[backendName] = backend
  for (const [kernelName, rule] of shapeRules) {
    if (getKernel(kernelName, backendName) !== undefined) continue
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const named = inputs
        return makeInfos(rule(Object.values(named) as TensorInfo[], attrs ?? {}, named), (x) => backend.share(x))
      },
    })
  }
  return backend
}

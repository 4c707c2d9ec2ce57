import { Tensor } from '@tensorflow/tfjs-core'
import { ShapeError } from './shape-error.ts'

/**
 * Checks that an operand is a tensor: callers in JavaScript have no types.
 *
 * @throws ShapeError for anything else
 */
export function expectOperand(operator: string, name: string, x: unknown): asserts x is Tensor {
  if (x instanceof Tensor) return
  throw new ShapeError(
    `${operator}: expected ${name} to be a tensor, got ${described(x)}. Make one: tensor(values, shape).`,
  )
}

/**
 * Checks that an operand is a tensor of numbers, a number, or nested lists of them, and gives its shape.
 *
 * @throws ShapeError for anything else, strings among them, and for lists of several lengths
 */
export function expectNumbers(operator: string, name: string, x: unknown): readonly number[] {
  if (x instanceof Tensor) {
    if (x.dtype === 'string' || x.dtype === 'complex64')
      throw new ShapeError(`${operator}: expected ${name} to be of numbers, got ${x.dtype} of shape [${x.shape}].`)
    return x.shape
  }
  if (typeof x === 'number' || typeof x === 'boolean') return []
  if (ArrayBuffer.isView(x) && 'length' in x) return [x.length as number]
  if (Array.isArray(x)) {
    const shapes = x.map((each) => expectNumbers(operator, `each value of ${name}`, each))
    const [first = []] = shapes
    if (shapes.some((shape) => shape.join() !== first.join()))
      throw new ShapeError(`${operator}: expected lists of equal lengths in ${name}, got ${described(x)}.`)
    return [x.length, ...first]
  }
  throw new ShapeError(
    `${operator}: expected ${name} to be a tensor, a number or lists of numbers, got ${described(x)}.`,
  )
}

/** The most values that one tensor may have: positions are int32. */
const mostValues = 2 ** 31 - 1

/**
 * Checks a shape, and gives the number of its values.
 *
 * @throws ShapeError unless it is a list of integers of at least 0; RangeError for more values than a tensor can have
 */
export function expectShape(operator: string, shape: unknown): number {
  const sizes = Array.isArray(shape) || ArrayBuffer.isView(shape) ? Array.from(shape as number[]) : undefined
  if (sizes === undefined || !sizes.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new ShapeError(
      `${operator}: expected a shape of integers of at least 0, as in [2, 3], got ${described(shape)}.`,
    )
  }
  const count = sizes.reduce((product, size) => product * size, 1)
  if (count > mostValues) {
    throw new RangeError(
      `${operator}: expected at most 2³¹ − 1 values, got ${count} in shape [${sizes}], ${(count * 4) / 1e9} GB. Make it smaller.`,
    )
  }
  return count
}

/**
 * Checks that a shape, or the like, is a list.
 *
 * @throws ShapeError for anything else
 */
export function expectList(operator: string, name: string, list: unknown): void {
  if (Array.isArray(list)) return
  throw new ShapeError(`${operator}: expected ${name} to be a list, as in [2, 3], got ${described(list)}.`)
}

/** In the words of V8, SpiderMonkey and JavaScriptCore, of TensorFlow, or our own. */
const noMemory =
  /Array buffer allocation|typed array length|invalid array|out of memory|OOM when allocating|: no memory for /i

/**
 * Runs what takes memory for so many values.
 *
 * @throws RangeError with the figures where there is none
 */
export function allocating<T>(operator: string, shape: readonly number[], allocate: () => T): T {
  try {
    return allocate()
  } catch (error) {
    if (!(error instanceof Error) || !noMemory.test(error.message)) throw error
    const bytes = shape.reduce((product, size) => product * size, 4)
    throw new RangeError(`${operator}: no memory for shape [${shape}], ${bytes / 1e9} GB. Make it smaller.`, {
      cause: error,
    })
  }
}

/**
 * Runs an operator, which takes memory for its result.
 *
 * @param parameters its own, whose shapes an error names
 * @throws RangeError where the host has none
 */
export function computing<T>(operator: string, parameters: readonly unknown[], compute: () => T): T {
  try {
    return compute()
  } catch (error) {
    // What a backend has put into words, with its figures, stays as it is.
    if (!(error instanceof Error) || !noMemory.test(error.message) || error.message.includes(': no memory for '))
      throw error
    const shapes = parameters.filter((each) => each instanceof Tensor).map(({ shape }) => `[${shape}]`)
    throw new RangeError(
      `${operator}: no memory for the result${shapes.length > 0 ? ` of ${shapes.join(' and ')}` : ''} (${briefly(error.message)}). Use a smaller batch or smaller images.`,
      { cause: error },
    )
  }
}

/** The names of all options of the type `O`. */
export type OptionNames<O> = { readonly [Name in keyof Required<O>]: true }

/** Without TensorFlow's status and the name that it has for a machine. */
const briefly = (message: string): string =>
  message.replace(/^Invalid TF_Status: \d+\s+Message: /, '').replace(/ on \/job:[\s\S]*/, '')

/**
 * Checks that options are an object with no other names than those that there are: callers in JavaScript have no types.
 *
 * @param names of all options
 * @param example of options where some have to be given
 * @throws ShapeError for anything else, with the option that was probably meant
 */
export function expectOptions<O extends object>(
  operator: string,
  options: O,
  names: OptionNames<O>,
  example?: string,
): void {
  if (typeof options !== 'object' || options === null || options instanceof Tensor || Array.isArray(options)) {
    throw new ShapeError(
      example === undefined
        ? `${operator}: expected options as an object, got ${described(options)}. Leave them out, or give some of ${listed(names)}.`
        : `${operator}: expected options, as in ${example}, got ${described(options)}.`,
    )
  }
  for (const name in options) {
    if (Object.hasOwn(names, name)) continue
    const meant = similar(name, Object.keys(names))
    throw new ShapeError(
      `${operator}: there is no option '${name}'. ${meant === undefined ? '' : `Did you mean ${meant}? `}The options are ${listed(names)}.`,
    )
  }
}

const listed = (names: object): string => Object.keys(names).join(', ')

/** The name that was probably meant: one that begins alike, or else differs in two characters at most. */
function similar(given: string, names: readonly string[]): string | undefined {
  const plain = (name: string): string => name.replaceAll('_', '').toLowerCase()
  const wanted = plain(given)
  const distances = names.map((name) => {
    const other = plain(name)
    return other.startsWith(wanted) || wanted.startsWith(other) ? 0 : distance(wanted, other)
  })
  const least = Math.min(...distances)
  return least <= 2 ? names[distances.indexOf(least)] : undefined
}

/** How many characters have to be put in, left out or replaced to make `b` of `a`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [index, character] of [...a].entries()) {
    let [left, above] = [index + 1, index]
    row = row.map((up, at) => {
      if (at > 0) left = Math.min(left + 1, up + 1, above + (b[at - 1] === character ? 0 : 1))
      above = up
      return left
    })
  }
  return row.at(-1) ?? 0
}

const mostCharacters = 60

/** A value in a few words. */
export function described(x: unknown): string {
  if (x instanceof Tensor) return `a tensor of shape [${x.shape}]`
  if (x === null || x === undefined || typeof x === 'number' || typeof x === 'boolean') return String(x)
  if (typeof x === 'string') return `'${x.slice(0, mostCharacters)}'`
  if (typeof x === 'function') return 'a function'
  if (Array.isArray(x)) {
    const text = `[${x.map(described)}]`
    return text.length <= mostCharacters ? text : `${text.slice(0, mostCharacters)}…`
  }
  return `an object of ${x.constructor?.name ?? 'no class'}`
}

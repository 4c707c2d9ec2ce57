import { show } from '../show.ts'
import { PyTorchError } from './pytorch-error.ts'

/** A Python function or class that a pickle names, of those that are known. It is never run: `call` is what stands for a call of it. */
export class PickleGlobal {
  constructor(
    /** `torch._utils._rebuild_tensor_v2` */
    readonly name: string,
    readonly call?: (args: readonly unknown[]) => unknown,
  ) {}
}

export interface Unpickling {
  /** What names may occur, as `MODULE.NAME`. Any other one is refused. */
  readonly globals: ReadonlyMap<string, PickleGlobal>
  /** What stands for an object that lies outside of the pickle. */
  readonly persistent: (id: unknown) => unknown
}

/** Opcodes that a checkpoint of tensors has no use for, by what they do. */
const refused: Readonly<Record<number, string>> = {
  105: 'INST, which makes an object of any class',
  111: 'OBJ, which makes an object of any class',
  129: 'NEWOBJ, which makes an object of any class',
  146: 'NEWOBJ_EX, which makes an object of any class',
  130: 'EXT1, which looks up code in a registry of Python’s',
  131: 'EXT2, which looks up code in a registry of Python’s',
  132: 'EXT4, which looks up code in a registry of Python’s',
  80: 'PERSID, a text of protocol 0',
  70: 'FLOAT, a text of protocol 0',
  73: 'INT, a text of protocol 0',
  76: 'LONG, a text of protocol 0',
  83: 'STRING, a text of protocol 0',
  86: 'UNICODE, a text of protocol 0',
  100: 'DICT, of protocol 0',
  108: 'LIST, of protocol 0',
  103: 'GET, of protocol 0',
  112: 'PUT, of protocol 0',
  50: 'DUP',
  143: 'EMPTY_SET: a set',
  144: 'ADDITEMS: a set',
  145: 'FROZENSET: a set',
  150: 'BYTEARRAY8: an array of bytes',
  151: 'NEXT_BUFFER: a buffer outside of the file',
  152: 'READONLY_BUFFER: a buffer outside of the file',
}

/**
 * The value of a pickle of protocol 2 to 5, of those that hold data alone: numbers, texts, lists and tuples (both arrays), dicts (Maps),
 * and what `globals` and `persistent` make. Nothing is imported and nothing is run: it is a machine of its own, for some forty opcodes.
 *
 * @throws PyTorchError for any other opcode or global, named, and for what is no whole pickle
 * @see https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
export function readPickle(bytes: Uint8Array, { globals, persistent }: Unpickling): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stack: unknown[] = []
  /** Where in the stack the marks stand. */
  const marks: number[] = []
  const memo = new Map<number, unknown>()
  let at = 0

  const problem = (what: string) => new PyTorchError(`${what}, at byte ${at} of data.pkl.`)
  const fail: (what: string) => never = (what) => {
    throw problem(what)
  }
  const take = (count: number): number => {
    const begin = at
    if (count > bytes.length - begin) fail('the pickle ends in the middle of a value')
    at = begin + count
    return begin
  }
  /** A length of eight bytes. */
  const long = (): number => {
    const value = view.getBigUint64(take(8), true)
    return value > BigInt(bytes.length) ? fail('the pickle ends in the middle of a value') : Number(value)
  }
  const text = (length: number): string => {
    const begin = take(length)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(begin, begin + length))
    } catch {
      return fail('a text is not UTF-8')
    }
  }
  const raw = (length: number): Uint8Array => {
    const begin = take(length)
    return Uint8Array.from(bytes.subarray(begin, begin + length))
  }
  /** Up to the end of a line. */
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0 || end - at > 1000) fail('a name has no end')
    const value = text(end - at)
    at++
    return value
  }
  const integer = (length: number): number | bigint => {
    if (length > 8) fail(`an integer has ${length} bytes, expected at most 8`)
    const begin = take(length)
    let value = 0n
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[begin + index] ?? 0)
    value = BigInt.asIntN(8 * length, value)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
  const floor = (): number => marks.at(-1) ?? 0
  const pop = (): unknown => {
    if (stack.length <= floor()) fail('there is nothing to take from the stack')
    return stack.pop()
  }
  const top = (): unknown => {
    if (stack.length <= floor()) fail('there is nothing on the stack')
    return stack.at(-1)
  }
  /** What stands above the last mark. */
  const popMark = (): unknown[] => {
    const mark = marks.pop()
    return mark === undefined ? fail('there is no mark on the stack') : stack.splice(mark)
  }
  const append = (items: readonly unknown[]): void => {
    const list = top()
    if (!Array.isArray(list) || Object.isFrozen(list)) fail(`expected a list to append to, got ${show(list)}`)
    else for (const item of items) list.push(item)
  }
  const setItems = (items: readonly unknown[]): void => {
    const dict = top()
    if (!(dict instanceof Map)) throw problem(`expected a dict to set items of, got ${show(dict)}`)
    if (items.length % 2 !== 0) fail('a dict has a key without a value')
    for (let index = 0; index < items.length; index += 2) {
      const key = items[index]
      if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'boolean' && key !== null) {
        if (typeof key !== 'bigint') fail(`a key of a dict is ${show(key)}, expected a text or a number`)
      }
      dict.set(key, items[index + 1])
    }
  }
  const get = (index: number): unknown =>
    memo.has(index) ? memo.get(index) : fail(`there is no value ${index} to take again`)
  const put = (index: number): void => void memo.set(index, top())
  const global = (module: unknown, name: unknown): PickleGlobal => {
    const path = typeof module === 'string' && typeof name === 'string' ? `${module}.${name}` : show([module, name])
    return (
      globals.get(path) ??
      fail(
        `it names ${path.length > 120 ? `${path.slice(0, 120)}…` : path}, and tensors, numbers, texts, lists and dicts alone are read: nothing in a file is run`,
      )
    )
  }
  /** Tuples cannot be appended to. */
  const tuple = (items: unknown[]): readonly unknown[] => Object.freeze(items)
  const popped = (count: number): readonly unknown[] => tuple(Array.from({ length: count }, pop).reverse())

  /** Opcodes that put a value on the stack. */
  const values: Readonly<Record<number, () => unknown>> = {
    78: () => null,
    136: () => true,
    137: () => false,
    74: () => view.getInt32(take(4), true),
    75: () => bytes[take(1)],
    77: () => view.getUint16(take(2), true),
    138: () => integer(bytes[take(1)] ?? 0),
    139: () => integer(view.getUint32(take(4), true)),
    71: () => view.getFloat64(take(8), false),
    88: () => text(view.getUint32(take(4), true)),
    140: () => text(bytes[take(1)] ?? 0),
    141: () => text(long()),
    84: () => text(view.getUint32(take(4), true)), // BINSTRING, of Python 2
    85: () => text(bytes[take(1)] ?? 0), // SHORT_BINSTRING
    66: () => raw(view.getUint32(take(4), true)),
    67: () => raw(bytes[take(1)] ?? 0),
    142: () => raw(long()),
    93: () => [],
    41: () => tuple([]),
    133: () => popped(1),
    134: () => popped(2),
    135: () => popped(3),
    116: () => tuple(popMark()),
    125: () => new Map(),
    104: () => get(bytes[take(1)] ?? 0), // BINGET
    106: () => get(view.getUint32(take(4), true)),
    99: () => global(line(), line()), // GLOBAL
    147: () => {
      const [module, name] = popped(2)
      return global(module, name)
    },
    81: () => persistent(pop()), // BINPERSID
    // REDUCE
    82: () => {
      const [called, args] = popped(2)
      if (!(called instanceof PickleGlobal)) return fail(`expected the name of a function to call, got ${show(called)}`)
      if (!Array.isArray(args)) return fail(`${called.name}: expected a tuple of arguments, got ${show(args)}`)
      if (called.call === undefined) return fail(`${called.name} is called, and is no function`)
      return called.call(args)
    },
  }
  /** Opcodes that change what is there. */
  const changes: Readonly<Record<number, () => unknown>> = {
    40: () => marks.push(stack.length), // MARK
    48: () => (stack.length > floor() ? stack.pop() : popMark()), // POP
    49: () => popMark(),
    128: () => {
      const version = bytes[take(1)] ?? 0
      if (version < 2 || version > 5) fail(`it is of protocol ${version}, expected 2 to 5`)
    },
    149: () => long(), // FRAME: a length that helps to read ahead
    97: () => {
      const item = pop()
      append([item])
    },
    101: () => append(popMark()), // APPENDS
    115: () => {
      const [key, value] = popped(2)
      setItems([key, value])
    },
    117: () => setItems(popMark()), // SETITEMS
    113: () => put(bytes[take(1)] ?? 0), // BINPUT
    114: () => put(view.getUint32(take(4), true)),
    148: () => put(memo.size), // MEMOIZE
    // BUILD: attributes of a dict, such as the versions of its modules; whatever else has attributes is no plain data.
    98: () => {
      pop()
      if (!(top() instanceof Map)) fail(`attributes are set of ${show(top())}, expected of a dict alone`)
    },
  }

  for (;;) {
    const opcode = bytes[take(1)] ?? 0
    if (opcode === 0x2e) break // STOP
    const value = values[opcode]
    const change = changes[opcode]
    if (value !== undefined) stack.push(value())
    else if (change !== undefined) change()
    else {
      at--
      const known = refused[opcode]
      fail(
        known === undefined
          ? `0x${opcode.toString(16).padStart(2, '0')} is no opcode`
          : `the opcode ${known} is refused`,
      )
    }
  }
  if (marks.length > 0 || stack.length !== 1) fail(`the pickle ends with ${stack.length} values, expected one`)
  if (at !== bytes.length) fail(`${bytes.length - at} bytes follow the end of the pickle`)
  return stack[0]
}

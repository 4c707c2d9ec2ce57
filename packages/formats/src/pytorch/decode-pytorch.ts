import type { HostTensor } from '@ddnet/ops'
import { BEGINNING, mistakenFor } from '../mistaken.ts'
import { openZip, type ZipEntry } from '../zip/open-zip.ts'
import { readPickle } from './pickle.ts'
import { PyTorchError } from './pytorch-error.ts'
import { hostBytes, hostTensorOf, storageOf, TorchTensor, torchGlobals } from './tensor.ts'

export interface DecodePyTorchOptions {
  /** What errors call the file: `pytorch` by default. */
  readonly name?: string
  /** Which dict of a checkpoint holds the tensors. By default one that is usual, else the whole. */
  readonly key?: string
  /**
   * Bytes that the tensors may take in memory, where views of few values could be made to fill it: eight times the file, and 256 MiB at
   * least, by default.
   */
  readonly maxBytes?: number
}

export interface PyTorchCheckpoint {
  readonly tensors: Record<string, HostTensor>
  /** Of each entry that is not among `tensors`, why: it is no tensor, or its type or values fit none of ours. */
  readonly unread: Record<string, string>
  /** In which dict of the checkpoint they were; undefined where they are the whole. */
  readonly key: string | undefined
}

/** Where training scripts keep the weights; the first of them that is there. */
const usualKeys = ['state_dict', 'model_state_dict', 'model', 'module', 'net', 'network', 'weights', 'params']

/** More than the texts of a checkpoint: names, shapes and settings. */
const MOST_PICKLE = 256 * 2 ** 20

/**
 * The tensors of a checkpoint as `torch.save` writes it since 2020 (`.pt`, `.pth`, `.bin`: a ZIP archive): a state dict, or a dict with
 * one in it, such as `{'state_dict': …, 'epoch': 9}`. Views and shared storages are copied into tensors of their own, in row order;
 * types become those of the host as in `decodeSafetensors`.
 *
 * Nothing in the file is run: of its pickle some forty opcodes are read, and the names of tensors, storages, types and ordered dicts.
 *
 * @throws PyTorchError naming what else the file asks for (an object of a class, a set, NumPy's numbers …); for files that are damaged,
 *   big-endian, of before 2020, whole modules or TorchScript, with what to do; for tensors that would fill memory
 * @see https://pytorch.org/docs/stable/notes/serialization.html
 * @example const { tensors } = await decodePyTorch(await readFile('resnet18.pth'))
 */
export async function decodePyTorch(
  bytes: Uint8Array,
  { name = 'pytorch', key: asked, maxBytes = Math.max(256 * 2 ** 20, 8 * bytes.length) }: DecodePyTorchOptions = {},
): Promise<PyTorchCheckpoint> {
  try {
    const archive = open(bytes)
    const { key, dict } = stateDictIn(
      readPickle(await archive.pickle(), { globals: torchGlobals, persistent: storageOf }),
      asked,
    )
    const entries = [...dict].map(([entry, value]) => [String(entry), value] as const)
    const held = entries.flatMap(([, value]) => (value instanceof TorchTensor ? [value] : []))
    const storages = new Map(held.map(({ storage }) => [storage.key, storage.bytes]))
    const total = [...storages.values(), ...held.map(hostBytes)].reduce((sum, each) => sum + each, 0)
    if (total > maxBytes) {
      throw new PyTorchError(
        `its tensors take ${total} bytes, expected at most ${maxBytes} of a file of ${bytes.length}: it unpacks to far more than it has, or many of them are views of few values. If that is right, allow it: decodePyTorch(bytes, { maxBytes })`,
      )
    }
    const tensors: [string, HostTensor][] = []
    const unread: [string, string][] = []
    for (const [entry, value] of entries) {
      const read =
        value instanceof TorchTensor
          ? hostTensorOf(value, await archive.storage(value.storage.key, value.storage.bytes))
          : `it is ${kindOf(value)}, and no tensor`
      if (typeof read === 'string') unread.push([entry, read])
      else tensors.push([entry, read])
    }
    return { tensors: Object.fromEntries(tensors), unread: Object.fromEntries(unread), key }
  } catch (error) {
    if (!(error instanceof PyTorchError)) throw error
    throw new PyTorchError(`${name}: ${error.message}`, { cause: error.cause })
  }
}

interface OpenedArchive {
  pickle(): Promise<Uint8Array>
  /** The values of a storage, which are read once. */
  storage(key: string, size: number): Promise<Uint8Array>
}

function open(bytes: Uint8Array): OpenedArchive {
  const mistaken = mistakenFor(bytes.subarray(0, BEGINNING), 'pytorch')
  if (mistaken !== undefined && !/^a (PyTorch file \(|ZIP)/.test(mistaken))
    throw new PyTorchError(`expected a PyTorch checkpoint (.pt or .pth), got ${mistaken}`)
  const entries = openZip(bytes, {
    expected: 'PyTorch checkpoint',
    mayLackCrc: true,
    error: (message) => new PyTorchError(message),
  })
  const files = new Map(entries.map((entry) => [entry.name, entry]))
  const pickle = entries.find(({ name }) => /^([^/]*\/)?data\.pkl$/.test(name))
  if (pickle === undefined)
    throw new PyTorchError(
      'expected a PyTorch checkpoint (.pt or .pth), got a ZIP archive without data.pkl. Save one with torch.save(model.state_dict(), PATH).',
    )
  const folder = pickle.name.slice(0, -'data.pkl'.length)
  if (files.has(`${folder}constants.pkl`))
    throw new PyTorchError(
      "it is a TorchScript program, which holds code. In Python: torch.save(torch.jit.load('model.pt').state_dict(), 'weights.pt')",
    )
  const read = new Map<string, Promise<Uint8Array>>()
  return {
    async pickle() {
      await refuseBigEndian(files.get(`${folder}byteorder`))
      if (pickle.size > MOST_PICKLE)
        throw new PyTorchError(`data.pkl has ${pickle.size} bytes, expected at most ${MOST_PICKLE}.`)
      return pickle.read()
    },
    storage(key, size) {
      const known = read.get(key)
      if (known !== undefined) return known
      const file = files.get(`${folder}data/${key}`)
      if (file === undefined)
        throw new PyTorchError(
          `the values data/${key} are missing. The file is damaged, or its tensors are on the meta device.`,
        )
      if (file.size !== size)
        throw new PyTorchError(`data/${key} has ${file.size} bytes, expected ${size}. The file is damaged.`)
      const values = file.read()
      read.set(key, values)
      return values
    },
  }
}

async function refuseBigEndian(file: ZipEntry | undefined): Promise<void> {
  if (file === undefined) return // of before PyTorch 2.1
  const order = new TextDecoder().decode(await file.begin(16)).trim()
  if (order !== 'little')
    throw new PyTorchError(
      `its numbers are ${order === 'big' ? 'big-endian' : `in the order ${JSON.stringify(order)}`}, expected little-endian. Save it again on a machine of today: torch.save(torch.load('model.pt', weights_only=True), 'new.pt')`,
    )
}

function stateDictIn(
  root: unknown,
  asked: string | undefined,
): { key: string | undefined; dict: ReadonlyMap<unknown, unknown> } {
  if (!(root instanceof Map))
    throw new PyTorchError(
      `it holds ${kindOf(root)}, expected tensors by name. Save them so: torch.save(model.state_dict(), 'model.pt')`,
    )
  const holdsTensors = (value: unknown): value is Map<unknown, unknown> =>
    value instanceof Map && [...value.values()].some((each) => each instanceof TorchTensor)
  if (asked !== undefined) {
    const dict = root.get(asked)
    if (holdsTensors(dict)) return { key: asked, dict }
    throw new PyTorchError(
      `its entry ${JSON.stringify(asked)} is ${kindOf(dict)}, expected tensors by name. It has ${namesOf(root)}.`,
    )
  }
  for (const key of usualKeys) {
    const dict = root.get(key)
    if (holdsTensors(dict)) return { key, dict }
  }
  if (holdsTensors(root)) return { key: undefined, dict: root }
  throw new PyTorchError(
    `it holds no tensors by name, in itself or in ${usualKeys.slice(0, 3).join(', ')} and the like, but ${namesOf(root)}. Save them so: torch.save(model.state_dict(), 'model.pt')`,
  )
}

const namesOf = (dict: ReadonlyMap<unknown, unknown>): string => {
  const names = [...dict.keys()].slice(0, 8).map((each) => String(each).slice(0, 40))
  return dict.size === 0 ? 'nothing' : `${names.join(', ')}${dict.size > names.length ? ', …' : ''}`
}

function kindOf(value: unknown): string {
  if (value === null) return 'None'
  if (value === undefined) return 'missing'
  if (value instanceof TorchTensor) return 'a tensor'
  if (value instanceof Map) return 'a dict'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Uint8Array) return 'bytes'
  if (typeof value === 'string') return 'a text'
  return typeof value === 'number' || typeof value === 'bigint' ? 'a number' : `a ${typeof value}`
}

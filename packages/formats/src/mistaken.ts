/** What the kinds of files that are mistaken for each other are to be saved as. */
interface Remedies {
  /** How a PyTorch checkpoint is to be saved. */
  readonly pytorch: string
  readonly keras: string
  readonly hdf5: string
  readonly other: string
}

const remedies: Readonly<Record<'safetensors' | 'numpy' | 'pytorch', Remedies>> = {
  safetensors: {
    pytorch: "In Python: safetensors.torch.save_file(model.state_dict(), 'model.safetensors')",
    keras: "In Python: safetensors.numpy.save_file({w.path: w.numpy() for w in model.weights}, 'model.safetensors')",
    hdf5: 'In Python: safetensors.numpy.save_file of its arrays, which h5py.File reads.',
    other: 'Give a safetensors file.',
  },
  numpy: {
    pytorch: "In Python: numpy.savez('model.npz', **{name: each.numpy() for name, each in model.state_dict().items()})",
    keras: "In Python: numpy.savez('model.npz', **{w.path: w.numpy() for w in model.weights})",
    hdf5: 'In Python: numpy.savez of its arrays, which h5py.File reads.',
    other: 'Give a .npy or .npz file.',
  },
  pytorch: {
    pytorch: "In Python: torch.save(torch.load('old.pt', weights_only=True), 'new.pt')",
    keras: "In Python: torch.save({w.path: torch.tensor(w.numpy()) for w in model.weights}, 'model.pt')",
    hdf5: 'In Python: torch.save of its arrays as tensors, which h5py.File reads.',
    other: 'Give a .pt or .pth file.',
  },
}

const DOWNLOAD = 'Download it again.'

type Beginning = RegExp | string | ((text: string) => boolean)

/** By how they begin, as bytes of Latin-1; the more particular ones first. */
const kinds: readonly (readonly [beginning: Beginning, what: string, remedy: string])[] = [
  ['version https://git-lfs', 'a pointer of Git LFS', 'Fetch what it points to: git lfs pull'],
  [/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)/i, 'a web page', `${DOWNLOAD} A site may ask to log in first.`],
  [/^(\xef\xbb\xbf)?\s*</, 'XML or a web page', DOWNLOAD],
  // The name of an archive's first file stands at byte 30.
  [
    /^PK.{28}([^/]*\/)?(data\.pkl|version|byteorder|\.format_version)/s,
    'a PyTorch file (.pt or .pth)',
    'Read it with decodePyTorch.',
  ],
  [/^PK.{28}(metadata\.json|config\.json|model\.weights\.h5)/s, 'a Keras file (.keras)', 'keras'],
  [/^PK.{28}[ -~]*\.npy/s, 'an archive of NumPy arrays (.npz)', 'Read it with openNpz.'],
  ['PK\x03\x04', 'a ZIP archive', 'Unpack it.'],
  ['PK\x05\x06', 'an empty ZIP archive', 'other'],
  ['\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19', 'a PyTorch file of before 2020 (.pt or .pth)', 'pytorch'],
  [(text) => text[0] === '\x80' && within(text, 1, 2, 5), 'pickled Python objects', 'pytorch'],
  ['\x89HDF\r\n\x1a\n', 'an HDF5 file (.h5, as Keras writes)', 'hdf5'],
  ['\x93NUMPY', 'a NumPy array (.npy)', 'Read it with decodeNpy.'],
  ['GGUF', 'a GGUF file', 'other'],
  [/^.{4}TFL3/s, 'a TensorFlow Lite file', 'other'],
  [
    (text) => text[0] === '\x08' && within(text, 1, 1, 15) && '\x12:B'.includes(text[2] ?? '?'),
    'an ONNX file',
    'other',
  ],
  ['\x89PNG', 'a PNG image', 'other'],
  ['\xff\xd8\xff', 'a JPEG image', 'other'],
  ['%PDF', 'a PDF', 'other'],
  ['\x1f\x8b', 'gzipped', 'Unpack it: gunzip FILE'],
  ['\x28\xb5\x2f\xfd', 'packed by Zstandard', 'Unpack it: unzstd FILE'],
  ['7z\xbc\xaf', 'a 7-Zip archive', 'Unpack it.'],
  [/^.{257}ustar/s, 'a tar archive', 'Unpack it: tar -xf FILE'],
  [
    (text) => text[8] === '{' && text.slice(3, 8) === '\0\0\0\0\0',
    'a safetensors file',
    'Read it with openSafetensors.',
  ],
  [/^\s*[{[]\s*["{[\d}\]]/, 'JSON', 'An index of shards (model.safetensors.index.json) names the files to open.'],
  ['\0'.repeat(16), 'nothing but zeros, as a download that broke off or a full disk leaves', DOWNLOAD],
]

const within = (text: string, at: number, least: number, most: number): boolean =>
  text.charCodeAt(at) >= least && text.charCodeAt(at) <= most

const begins = (text: string, beginning: Beginning): boolean => {
  if (typeof beginning === 'string') return text.startsWith(beginning)
  return typeof beginning === 'function' ? beginning(text) : beginning.test(text)
}

/** How much of a file is looked at. */
export const BEGINNING = 512

/**
 * What a file is that was handed in for another, and what to do: "a PyTorch file (.pt or .pth). In Python: …". Undefined for
 * what nobody knows.
 *
 * @param beginning the first `BEGINNING` bytes, or all that there are
 */
export function mistakenFor(beginning: Uint8Array, expected: keyof typeof remedies): string | undefined {
  if (beginning.length === 0) return `empty. ${DOWNLOAD}`
  const text = String.fromCharCode(...beginning.subarray(0, BEGINNING))
  const kind = kinds.find(([beginning]) => begins(text, beginning))
  if (kind === undefined) return undefined
  const [, what, remedy] = kind
  return `${what}. ${remedy in remedies[expected] ? remedies[expected][remedy as keyof Remedies] : remedy}`
}

import { DatasetError } from '../dataset-error.ts'

/** What is decoded: what browsers show, and in Node TIFF. */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'GIF' | 'AVIF' | 'BMP' | 'TIFF'

const REPLACE = 'Replace it, or take it out.'
const CONVERT = 'Save it as a PNG or a JPEG.'

/** What people hand in beside images, by how it begins: what it is, and what to do. */
const OTHERS: readonly (readonly [beginning: readonly string[] | RegExp, what: string, remedy: string])[] = [
  [
    /^.{4}ftyp(hei[cxmsf]|hev[cxms]|m[is]f1)/s,
    'an HEIC photo',
    `${CONVERT} Phones have a setting for JPEG: "Most Compatible".`,
  ],
  [/^.{4}ftyp/s, 'a video', REPLACE],
  [['\0\0\0\x0cJXL ', '\xff\x0a'], 'a JPEG XL image', CONVERT],
  [['\0\0\0\x0cjP  ', '\xff\x4f\xff\x51'], 'a JPEG 2000 image', CONVERT],
  [/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)/i, 'a web page', 'Download the image again.'],
  [/^(\xef\xbb\xbf)?\s*</, 'an SVG drawing, or other XML', `Drawings have no pixels. ${CONVERT}`],
  [['version https://git-lfs'], 'a pointer of Git LFS', 'Fetch what it points to: git lfs pull'],
  [['\0\0\x01\0', '\0\0\x02\0'], 'an icon', CONVERT],
  [['8BPS'], 'a Photoshop file', CONVERT],
  [['%PDF'], 'a PDF', CONVERT],
  [['%!PS'], 'PostScript', CONVERT],
  [/^P[1-7]\s/, 'a Netpbm image', CONVERT],
  [['\x76\x2f\x31\x01'], 'an OpenEXR image', CONVERT],
  [['#?RADIANCE'], 'a Radiance image', CONVERT],
  [['FUJIFILM', 'IIRO', 'IIRS', 'IIU\0', '\0MRM'], "a camera's raw file", CONVERT],
  [['\0\x05\x16\x07', '\0\x05\x16\0'], "macOS's notes about another file", 'Take it out.'],
  [['PK\x03\x04'], 'a ZIP archive', 'Unpack it.'],
  [['\x1f\x8b'], 'gzipped', 'Unpack it.'],
  [
    ['\0'.repeat(16)],
    'nothing but zeros, as a download that broke off or a full disk leaves',
    'Download it again, or take it out.',
  ],
]

/** Enough of a file to know it by, and to find its brand in. */
const BEGINNING = 64

/**
 * What a file is, by how it begins: whatever its name says, as in browsers.
 *
 * @throws DatasetError naming the file, what it is instead, and what to do with it
 */
export function imageFormat(file: Uint8Array, path: string): ImageFormat {
  const text = String.fromCharCode(...file.subarray(0, BEGINNING))
  if (text.startsWith('\xff\xd8\xff')) return 'JPEG'
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG'
  if (/^RIFF.{4}WEBP/s.test(text)) return 'WebP'
  if (/^GIF8[79]a/.test(text)) return 'GIF'
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'TIFF'
  if (isBmp(file, text)) return 'BMP'
  if (isAvif(file, text)) return 'AVIF'
  const [, what, remedy] =
    file.length === 0
      ? [undefined, 'empty', 'Download it again, or take it out.']
      : (OTHERS.find(([beginning]) => begins(text, beginning)) ?? [
          undefined,
          `not an image that can be read: it begins with [${[...file.subarray(0, 8)]}]`,
          REPLACE,
        ])
  throw new DatasetError(`${path} is ${what}. Expected a JPEG, PNG, WebP, GIF, AVIF or BMP. ${remedy}`, { path })
}

const begins = (text: string, beginning: readonly string[] | RegExp): boolean =>
  beginning instanceof RegExp ? beginning.test(text) : beginning.some((each) => text.startsWith(each))

/** By the size of its header, since two letters are few. */
const isBmp = (file: Uint8Array, text: string): boolean =>
  text.startsWith('BM') &&
  [12, 40, 52, 56, 64, 108, 124].includes(file[14] as number) &&
  text.slice(15, 18) === '\0\0\0'

/** By the brands in its first box, of which HEIC photos have others. */
function isAvif(file: Uint8Array, text: string): boolean {
  if (text.slice(4, 8) !== 'ftyp') return false
  const end = Math.min(new DataView(file.buffer, file.byteOffset).getUint32(0), BEGINNING)
  for (let at = 8; at + 4 <= end; at += 4) if (['avif', 'avis'].includes(text.slice(at, at + 4))) return true
  return false
}

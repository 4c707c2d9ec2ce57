import { itemAt } from '@ddnet/ops/checks'
import type { Survey } from '../files/files.ts'
import { isJunkName } from '../files/junk.ts'
import { extname } from './extname.ts'

/** Kinds of image files that are read. `.jfif`, `.jpe` and the like are JPEGs. */
const IMAGE = /\.(jpe?g|jpe|jfif|jif|pjpe?g|pjp|a?png|webp|gif|avif|bmp|dib|tiff?)$/i

/** Images that are not read, by what they are and what would read them. */
const UNREAD: readonly { readonly kind: RegExp; readonly what: string; readonly format: 'jpg' | 'png' }[] = [
  { kind: /\.(heic|heif|hif)$/i, what: 'photos as phones keep them', format: 'jpg' },
  {
    kind: /\.(cr2|cr3|crw|nef|nrw|arw|sr2|srf|dng|orf|rw2|raf|pef|srw|raw|3fr|erf|kdc|mrw|x3f|iiq)$/i,
    what: 'raw photos of a camera',
    format: 'jpg',
  },
  { kind: /\.(ico|tga|pcx|p[bgpn]m|jp2|j2k|jpx|jxl|jxr|wdp|exr|hdr|dds)$/i, what: 'images', format: 'png' },
  { kind: /\.(psd|psb|xcf|kra|ai|eps|svgz?|cdr|emf|wmf)$/i, what: 'drawings', format: 'png' },
]

export const isImage = (name: string): boolean => IMAGE.test(name)

/** Files that a dataset does not take. */
export interface LeftOut {
  /** `.heic files, photos as phones keep them`: what stands behind their number. */
  readonly what: string
  /** All of them, sorted. */
  readonly names: readonly string[]
  /** What to do, where anything is to be done. */
  readonly remedy?: string
}

/** The images among the files of a place, and what else there is, of which nothing is passed over without a word. */
export function sortFiles({ names, notFiles }: Pick<Survey, 'names' | 'notFiles'>): {
  readonly images: string[]
  readonly leftOut: LeftOut[]
} {
  const images: string[] = []
  const junk: string[] = []
  const others: string[] = []
  const unread = new Map<string, { readonly what: string; readonly format: string; readonly names: string[] }>()
  for (const name of names) {
    const found = UNREAD.find(({ kind }) => kind.test(name))
    if (isJunkName(name)) junk.push(name)
    else if (isImage(name)) images.push(name)
    else if (found === undefined) others.push(name)
    else {
      const ending = extname(name)
      const group = unread.get(ending) ?? { ...found, names: [] }
      unread.set(ending, group)
      group.names.push(name)
    }
  }
  const leftOut: LeftOut[] = [...unread].map(([ending, { what, format, names }]) => ({
    what: `${ending} files (${what}), which are not read`,
    names,
    remedy: `Convert them, as with ImageMagick: magick mogrify -format ${format} ${patternOf(itemAt(names, 0), ending)}`,
  }))
  if (others.length > 0) leftOut.push({ what: `files that are not images (${endingsOf(others)})`, names: others })
  if (junk.length > 0) leftOut.push({ what: 'hidden files and files of the system', names: junk })
  if (notFiles.length > 0) {
    const reasons = [...new Set(notFiles.map(({ reason }) => reason))].join('; ')
    leftOut.push({
      what: `entries that are not files (${reasons})`,
      names: notFiles.map(({ name }) => name),
      remedy: 'Remove them, or fix the links.',
    })
  }
  return { images, leftOut }
}

/** `cat/*.heic`: the files beside this one. */
const patternOf = (name: string, ending: string): string => `${name.slice(0, name.lastIndexOf('/') + 1)}*${ending}`

/** `.txt, .json and 3 more kinds`. */
function endingsOf(names: readonly string[]): string {
  const endings = [...new Set(names.map((name) => extname(name) || 'without an ending'))]
  const [shown, more] = [endings.slice(0, 4), endings.length - 4]
  return more > 0 ? `${shown.join(', ')} and ${more} more kinds` : shown.join(', ')
}

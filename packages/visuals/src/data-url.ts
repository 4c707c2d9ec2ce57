import type { Picture } from './picture.ts'
import { encodePng } from './png.ts'

/** The picture as a `data:` URL of a PNG: an image inside a page, without a file. */
export function dataUrl(picture: Picture): string {
  let binary = ''
  for (const byte of encodePng(picture)) binary += String.fromCharCode(byte)
  return `data:image/png;base64,${btoa(binary)}`
}

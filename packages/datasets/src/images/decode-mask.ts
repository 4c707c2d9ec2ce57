import type { SegmentationSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { decodePng } from './decode-png.ts'

interface Mask {
  readonly mask: SegmentationSample['mask']
  readonly height: number
  readonly width: number
}

/**
 * The classes that a PNG holds, one a pixel: its grey values of up to 16 bits, or its places in the palette, as they are
 * in the file. The same code in Node and in the browser, whose own decoders would turn them into colours.
 *
 * @throws DatasetError naming the file, for damage and for colours
 */
export async function decodeMask(file: Uint8Array, path: string): Promise<Mask> {
  const { width, height, channels, data } = await decodePng(file, path)
  if (channels !== 1) {
    throw new DatasetError(
      `${path}: expected a mask of grey values or with a palette, whose numbers are the classes, got ${channels} channels. ` +
        'Convert its colours to classes first.',
      { path },
    )
  }
  return { mask: data instanceof Uint16Array ? Int32Array.from(data) : data, height, width }
}

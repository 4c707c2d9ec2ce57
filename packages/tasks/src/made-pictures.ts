import { type Tensor, toHost } from '@ddnet/ops'
import { fromValues, imagesOf, type Picture, pictureTable } from '@ddnet/visuals'
import type { PredictedPicture } from './task.ts'

/** One picture that a prediction made, `[height, width, channels]` of 0 … 1. */
export interface MadePicture {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

/** Reads pictures `[batch, height, width, channels]` and a figure of each, `[batch]`, and disposes both. */
export async function readPictures(
  made: Tensor,
  figures: Tensor,
): Promise<readonly { readonly picture: MadePicture; readonly figure: number }[]> {
  try {
    const [pictures, { data: values }] = await Promise.all([toHost(made), toHost(figures)])
    return imagesOf(pictures).map(({ shape, data }, at) => ({
      picture: { shape, values: Array.from(data, Number) },
      figure: Number(values[at]),
    }))
  } finally {
    made.dispose()
    figures.dispose()
  }
}

/** Pictures beside what was made of them, one row an image. */
export const madeTable = (
  samples: readonly PredictedPicture<MadePicture>[],
  made: string,
  title: string | undefined,
): Picture =>
  pictureTable(
    samples.map(({ image, prediction: { shape, values } }) => ({
      pictures: [image, fromValues({ shape, data: values }, { range: [0, 1] })],
    })),
    { columns: ['image', made], ...(title !== undefined && { title }) },
  )

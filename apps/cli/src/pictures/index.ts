import { projections } from './deconvnet.ts'
import { mapsOfFirstImage } from './feature-maps.ts'
import { activationMaps } from './grad-cam.ts'
import { confusion, curves, filters, predictions } from './of-the-run.ts'
import { reconstructions } from './reconstructions.ts'
import type { Maker } from './subject.ts'

/** The pictures that there are, in the order in which they are made: what takes longest comes last. */
export const insidePictures = {
  curves,
  confusion,
  predictions,
  filters,
  'feature-maps': mapsOfFirstImage,
  'grad-cam': activationMaps,
  deconvnet: projections,
  reconstructions,
} satisfies Record<string, Maker>

export type PictureName = keyof typeof insidePictures

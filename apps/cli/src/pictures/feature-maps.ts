import { featureMaps } from '@ddnet/models'
import { dispose, toHost } from '@ddnet/ops'
import { featureMapSheet } from '@ddnet/visuals'
import { batchOf, type LeftOut, layersOf, type NamedPicture, type Subject } from './subject.ts'

/** About this wide and high become sheets of feature maps. */
const sheetPixels = 1000

export async function mapsOfFirstImage(subject: Subject): Promise<NamedPicture[] | LeftOut> {
  const layers = layersOf(subject)
  if (layers.length === 0) return { leftOut: 'no layer of the model gives maps' }
  const image = await batchOf(subject, subject.images.slice(0, 1))
  const maps = featureMaps(subject.model, image, layers)
  const pictures: NamedPicture[] = []
  for (const [layer, values] of Object.entries(maps)) {
    const host = await toHost(values)
    const [, height = 1, width = 1, channels = 1] = host.shape
    const across = Math.max(2, Math.floor(sheetPixels / Math.max(64, width)))
    const maximum = Math.min(64, across * across)
    const shown = Math.min(channels, maximum)
    pictures.push({
      name: `feature-maps-${layer}`,
      title: `Feature maps of ${layer}`,
      caption: `What ${shown === channels ? channels : `the first ${shown} of ${channels}`} channels of ${width}×${height} make of the first image, on one scale.`,
      picture: featureMapSheet(host, { columns: Math.min(8, across, shown), maximum }),
    })
  }
  dispose([image, ...Object.values(maps)])
  return pictures
}

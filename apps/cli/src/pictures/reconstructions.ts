import { featureMaps, reconstruct } from '@ddnet/models'
import { dispose, type HostTensor, random, toHost } from '@ddnet/ops'
import { entryOf, itemAt, tuple } from '@ddnet/ops/checks'
import { type Picture, pictureTable } from '@ddnet/visuals'
import { batchOf, isEncoderDecoder, noStages, pictureOf, picturesOf, type Subject, stagesOf } from './subject.ts'

const reconstructionSteps = 300

export async function reconstructions(subject: Subject, onProgress: (done: number, total: number) => void) {
  if (!isEncoderDecoder(subject.model)) return noStages
  const { model, images } = subject
  const layers = stagesOf(model)
  const rows: { pictures: Picture[] }[] = []
  const differences = layers.map(() => ({ features: new Difference(), pixels: new Difference() }))
  for (const [row, sample] of images.entries()) {
    const input = await batchOf(subject, [sample])
    const pictures = await picturesOf(subject, input)
    for (const [at, layer] of layers.entries()) {
      onProgress(row * layers.length + at, images.length * layers.length)
      const { features, pixels } = itemAt(differences, at)
      const key = random.key(1).fold(row)
      const found = reconstruct(model, input, { layer, steps: reconstructionSteps, key })
      const [theirs, ours] = tuple(
        [found, input].map((x) => entryOf(featureMaps(model, x, [layer]), layer)),
        2,
      )
      features.add(await toHost(theirs), await toHost(ours))
      pixels.add(await toHost(found), await toHost(input))
      pictures.push(await pictureOf(subject, found))
      dispose([found, theirs, ours])
      await new Promise((resolve) => setImmediate(resolve)) // so that Ctrl-C is heard
    }
    rows.push({ pictures })
    dispose([input])
  }
  const kept = layers.map((layer, at) => {
    const { features, pixels } = itemAt(differences, at)
    return `${layer} ${features} and ${pixels}`
  })
  return [
    {
      name: 'reconstructions',
      title: 'Reconstructions',
      caption: `Images that a layer takes for the one on the left, found in ${reconstructionSteps} steps: what it has kept. Features and pixels differ by: ${kept.join('; ')}.`,
      picture: pictureTable(rows, { columns: ['image', ...layers] }),
    },
  ]
}

/** Squared differences over squares, in percent. */
class Difference {
  #differences = 0
  #squares = 0

  add({ data: found }: HostTensor, { data: wanted }: HostTensor): void {
    for (const [at, value] of wanted.entries()) {
      this.#differences += (Number(found[at]) - Number(value)) ** 2
      this.#squares += Number(value) ** 2
    }
  }

  toString(): string {
    return `${((100 * this.#differences) / this.#squares).toFixed(1)}%`
  }
}

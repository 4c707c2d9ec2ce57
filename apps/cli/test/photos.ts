import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { itemAt } from '@ddnet/testing'
import sharp from 'sharp'

/** A folder of photographs as people have them: of several sizes and kinds, in a folder a class, each class of another color. */
export async function writePhotos(folder: string, classes: Readonly<Record<string, number>>): Promise<void> {
  const colors = ['#c03020', '#2040c0', '#30a040', '#d0c030']
  for (const [label, [name, count]] of Object.entries(classes).entries()) {
    mkdirSync(join(folder, name), { recursive: true })
    for (let index = 0; index < count; index++) {
      const [width, height] = [40 + 3 * index, 60 - 2 * index]
      const image = sharp({
        create: { width, height, channels: 3, background: itemAt(colors, label) },
      })
      await (index % 2 === 0 ? image.jpeg() : image.png()).toFile(
        join(folder, name, `${index}.${index % 2 === 0 ? 'jpg' : 'png'}`),
      )
    }
  }
}

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

/** Of each picture. */
export const [width, height] = [24, 20]

/** Dark pictures with a bright square, and where it is: gray values, 0 and `value`. */
export async function writeMasks(folder: string, count: number, value = 1): Promise<void> {
  for (const name of ['images', 'masks']) mkdirSync(join(folder, name), { recursive: true })
  for (let index = 0; index < count; index++) {
    const [left, top] = [(index * 5) % 14, (index * 3) % 10]
    const isInside = (at: number) => {
      const [x, y] = [at % width, Math.floor(at / width)]
      return x >= left && x < left + 9 && y >= top && y < top + 9
    }
    const gray = (inside: number, outside: number) =>
      sharp(
        Uint8Array.from({ length: width * height }, (_, at) => (isInside(at) ? inside : outside)),
        {
          raw: { width, height, channels: 1 },
        },
      ).toColourspace('b-w')
    await gray(220, 30 + index)
      .jpeg()
      .toFile(join(folder, `images/${index}.jpg`))
    await gray(value, 0)
      .png()
      .toFile(join(folder, `masks/${index}.png`))
  }
}

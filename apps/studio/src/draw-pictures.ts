import type { Pictures } from './protocol.ts'

/** Draws images with their class names into a list. */
export function drawPictures(list: HTMLElement, { width, height, pixels, labels }: Pictures): void {
  const size = width * height * 4
  list.replaceChildren(
    ...labels.map((label, index) => {
      const canvas = document.createElement('canvas')
      canvas.width = width
      canvas.height = height
      const image = new ImageData(pixels.subarray(index * size, (index + 1) * size), width, height)
      canvas.getContext('2d')?.putImageData(image, 0, 0)
      const item = document.createElement('li')
      item.append(canvas, label)
      return item
    }),
  )
}

import type { Picture } from './picture.ts'

/** The picture as the browser's `ImageData`, on the same memory. */
export function toImageData({ width, height, data }: Picture): ImageData {
  return new ImageData(data as ImageDataArray, width, height)
}

/** Shows the picture on a canvas, which takes its size. */
export function drawOnCanvas(picture: Picture, canvas: HTMLCanvasElement | OffscreenCanvas): void {
  canvas.width = picture.width
  canvas.height = picture.height
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null
  if (context === null) throw new Error('drawOnCanvas: this canvas has a context of another kind. Take a new canvas.')
  context.putImageData(toImageData(picture), 0, 0)
}

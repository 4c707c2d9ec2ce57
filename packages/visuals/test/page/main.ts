import { dataUrl, drawOnCanvas, fromPixels, type Picture, plotPicture, plotSvg } from '@ddnet/visuals'

const plot = {
  title: 'a < b & c',
  curves: [
    {
      name: '"train"',
      points: [
        [1, 2],
        [9, 1],
      ] as [number, number][],
    },
  ],
}

/** The pixels that the browser has of a picture after it went through `show`. */
function pixels(picture: Picture, show: (canvas: HTMLCanvasElement) => void): number[] {
  const canvas = document.createElement('canvas')
  show(canvas)
  const context = canvas.getContext('2d') as CanvasRenderingContext2D
  return [...context.getImageData(0, 0, picture.width, picture.height).data]
}

async function loaded(source: string): Promise<HTMLImageElement> {
  const image = new Image()
  image.src = source
  await image.decode()
  return image
}

/** What comes back of a picture from a canvas and from an image, and how the browser reads a plot. */
export async function report() {
  const picture = fromPixels([1, 2, 3, 250, 120, 7, 0, 0, 255, 9, 9, 9, 40, 50, 60, 255, 255, 255], 3, 2)
  const image = await loaded(dataUrl(picture))
  const drawn = plotPicture(plot)
  const svg = new DOMParser().parseFromString(plotSvg(plot), 'image/svg+xml')
  const rendered = await loaded(`data:image/svg+xml,${encodeURIComponent(plotSvg(plot))}`)
  const offscreen = new OffscreenCanvas(1, 1)
  drawOnCanvas(picture, offscreen)
  const taken = document.createElement('canvas')
  taken.getContext('bitmaprenderer')
  let refusal = ''
  try {
    drawOnCanvas(picture, taken)
  } catch (error) {
    refusal = (error as Error).message
  }
  return {
    picture: [...picture.data],
    canvas: pixels(picture, (canvas) => drawOnCanvas(picture, canvas)),
    offscreen: [...(offscreen.getContext('2d')?.getImageData(0, 0, 3, 2).data ?? [])],
    image: pixels(picture, (canvas) => canvas.getContext('2d')?.drawImage(image, 0, 0)),
    plotIsThere: pixels(drawn, (canvas) => drawOnCanvas(drawn, canvas)).length === drawn.data.length,
    svgErrors: svg.querySelectorAll('parsererror').length,
    svgTitle: svg.querySelector('text')?.textContent,
    svgSize: [rendered.naturalWidth, rendered.naturalHeight],
    refusal,
  }
}

Object.assign(globalThis, { report })

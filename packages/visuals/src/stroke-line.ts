import type { Color, Picture } from './picture.ts'

/** Draws a line through points in place, with smooth edges: each pixel by how much of it lies within half the width. */
export function strokeLine(
  picture: Picture,
  points: readonly (readonly [x: number, y: number])[],
  color: Color,
  width = 3,
): void {
  const coverage = new Map<number, number>() // by pixel: where pieces meet, the larger one counts, not both
  const reach = width / 2 + 0.5
  for (const [index, [toX, toY]] of points.entries()) {
    const [fromX, fromY] = points[Math.max(0, index - 1)] as readonly [number, number]
    const [dx, dy] = [toX - fromX, toY - fromY]
    const squared = dx * dx + dy * dy
    const bound = (low: number, high: number, end: number): [number, number] => [
      Math.max(0, Math.floor(Math.min(low, high) - reach)),
      Math.min(end - 1, Math.ceil(Math.max(low, high) + reach)),
    ]
    const [left, right] = bound(fromX, toX, picture.width)
    const [top, bottom] = bound(fromY, toY, picture.height)
    for (let y = top; y <= bottom; y++)
      for (let x = left; x <= right; x++) {
        const [px, py] = [x + 0.5 - fromX, y + 0.5 - fromY]
        const along = squared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squared))
        const share = Math.min(1, reach - Math.hypot(px - along * dx, py - along * dy))
        const pixel = y * picture.width + x
        if (share > (coverage.get(pixel) ?? 0)) coverage.set(pixel, share)
      }
  }
  for (const [pixel, share] of coverage)
    for (const channel of [0, 1, 2] as const) {
      const place = pixel * 4 + channel
      picture.data[place] = (1 - share) * (picture.data[place] as number) + share * color[channel]
    }
}

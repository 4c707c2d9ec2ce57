import { lastItem } from '../checks/item.ts'

/** Invocations of a workgroup that computes a tile; each has 4 columns, and up to 4 rows of it. */
export const workgroupSize = 64

export interface Tile {
  readonly rows: number
  readonly columns: number
}

/** Workgroups that keep a large GPU busy. */
const enough = 256

/**
 * The tile for a product of `rows` × `columns`, computed `times` times: 32 × 32, and taller where there are few columns,
 * so that at most 15 % of its width is padding if any width allows it. It is halved, and halved again, where there would
 * be fewer than 256 workgroups.
 */
export function chooseTile(rows: number, columns: number, times: number): Tile {
  const width = widthFor(columns)
  const heights = [1, 2, 4].map((part) => (4 * workgroupSize) / (width / 4) / part).filter((height) => height <= 128)
  const workgroups = (height: number): number => Math.ceil(rows / height) * Math.ceil(columns / width) * times
  return { rows: heights.find((height) => workgroups(height) >= enough) ?? lastItem(heights), columns: width }
}

/** The widest tile that pads little; one of the widths that pad least where all pad much. */
export function widthFor(columns: number): number {
  const padding = (width: number): number => (Math.ceil(columns / width) * width) / columns
  const least = Math.min(...widths.map(padding))
  return widths.find((width) => padding(width) <= Math.max(1.15, least)) as number
}

const widths = [32, 16, 8, 4]

/** 0, 1, … */
export const counting = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

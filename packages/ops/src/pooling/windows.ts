/**
 * Windows along one axis: window i covers `⌊(i · step − before) / over⌋ … ⌊(i · step + beyond) / over⌋ − 1`.
 * A pooling's have `over` 1; an adaptive pooling's have a fraction for a stride.
 */
export interface Windows {
  /** Elements of the axis, and windows. */
  readonly size: number
  readonly count: number
  readonly step: number
  readonly before: number
  readonly beyond: number
  readonly over: number
}

/** Windows of `kernel` elements, `stride` apart, the first one beginning `padding` before the axis. */
export const slidingWindows = (
  size: number,
  count: number,
  { kernel, stride, padding }: { kernel: number; stride: number; padding: number },
): Windows => ({ size, count, step: stride, before: padding, beyond: kernel - padding, over: 1 })

/** Windows `⌊i · size / count⌋ … ⌈(i + 1) · size / count⌉ − 1`, which cover the axis in `count` parts as even as can be. */
export const evenWindows = (size: number, count: number): Windows =>
  size % count === 0
    ? slidingWindows(size, count, { kernel: size / count, stride: size / count, padding: 0 })
    : { size, count, step: size, before: 0, beyond: size + count - 1, over: count }

/** For each element of the axis, the windows that it is in: windows over the windows. */
export const invertWindows = ({ size, count, step, before, beyond, over }: Windows): Windows => ({
  size: count,
  count: size,
  step: over,
  before: beyond - over - step + 1,
  beyond: before + over + step - 1,
  over: step,
})

/** The first element of each window and the one after its last; the axis counts as longer by `margin` on either side. */
export const windowRanges = (
  { size, count, step, before, beyond, over }: Windows,
  margin = 0,
): (readonly [start: number, end: number])[] =>
  Array.from({ length: count }, (_, window) => {
    const start = Math.max(Math.floor((window * step - before) / over), -margin)
    const end = Math.min(Math.floor((window * step + beyond) / over), size + margin)
    return [start, Math.max(start, end)]
  })

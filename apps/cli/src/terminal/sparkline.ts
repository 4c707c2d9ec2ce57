const levels = '▁▂▃▄▅▆▇█'

/**
 * A curve in one line, from its lowest (▁) to its highest value (█); longer than `width`, it is averaged down.
 *
 * @param range what ▁ and █ stand for, where several curves share a scale
 */
export function sparkline(values: readonly number[], width = 60, range?: readonly [number, number]): string {
  const points = values.length <= width ? values : averages(values, width)
  const [low, high] = range ?? [Math.min(...points), Math.max(...points)]
  return points
    .map((value) => levels[high === low ? 0 : Math.round(((value - low) / (high - low)) * (levels.length - 1))])
    .join('')
}

function averages(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const part = values.slice(
      Math.floor((index * values.length) / count),
      Math.floor(((index + 1) * values.length) / count),
    )
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
}

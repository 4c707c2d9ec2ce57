import type { Measure } from '@ddnet/metrics'
import type { MetricValue } from './scores.ts'

/** A value as its measure writes it; by default numbers with four digits that count. */
export function formatScore(measure: Measure<unknown> | undefined, value: MetricValue): string {
  const written = measure?.format?.(value)
  if (written !== undefined) return written
  return typeof value === 'number' ? value.toPrecision(4) : JSON.stringify(value)
}

/** Seconds as `0:07`, `12:34` or `1:02:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const padded = String(rest).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${padded}` : `${minutes}:${padded}`
}

/** A share as percent with one decimal: `0.7654` → `76.5%`; never 100.0% for less than all. */
export const formatPercent = (share: number): string => `${(share < 1 ? Math.min(share * 100, 99.9) : 100).toFixed(1)}%`

/** A learning rate: `4e-3`, `1.6e-4`, `0`, `1e3`. */
export const formatRate = (rate: number): string =>
  rate === 0 ? '0' : rate.toExponential(1).replace('.0e', 'e').replace('e+0', '').replace('e+', 'e')

/** Steps a second while there are that many, else seconds a step. */
export function formatSpeed(secondsAStep: number): string {
  if (secondsAStep > 1) return `${secondsAStep.toFixed(1)} s/it`
  const rate = 1 / secondsAStep
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} it/s`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** Bytes with three digits: `982 kB`, `1.23 GB`. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toPrecision(3)} ${units[power]}`
}

/** Counts with a comma between thousands. */
export const formatCount = (count: number): string => count.toLocaleString('en-US')

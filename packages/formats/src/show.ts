/** A value out of somebody's file, for an error: never long, however large or deeply nested it is. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (Array.isArray(value)) {
    const plain = value.length <= 8 && value.every((each) => typeof each !== 'object' || each === null)
    return plain ? `[${value.map(show).join(', ')}]` : `a list of ${value.length}`
  }
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}

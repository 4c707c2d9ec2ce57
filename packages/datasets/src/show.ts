/** A value out of somebody's file, for an error: never long, however large or deeply nested it is. */
export function show(value: unknown): string {
  try {
    const text = JSON.stringify(value) ?? 'nothing'
    return text.length > 60 ? `${text.slice(0, 60)}…` : text
  } catch {
    return 'something nested too deeply to be told' // the stack ended
  }
}

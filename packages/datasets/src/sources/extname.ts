/** The ending of a name, in small letters and with its dot; empty where it has none. */
export function extname(name: string): string {
  const file = name.slice(name.lastIndexOf('/') + 1)
  const dot = file.lastIndexOf('.')
  return dot > 0 ? file.slice(dot).toLowerCase() : ''
}

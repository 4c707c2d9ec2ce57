/** The first five of what a message lists, and how many more there are. */
export const listed = (items: readonly string[], separator: string): string =>
  items.slice(0, 5).join(separator) +
  (items.length > 5 ? `${separator}and ${items.length - 5} more` : items.length === 0 ? 'none' : '')

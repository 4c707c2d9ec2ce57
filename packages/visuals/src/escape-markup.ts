const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text for HTML and SVG, in elements and in quoted attributes: nothing in it is markup. Control characters, which XML
 * forbids, become U+FFFD; so do halves of surrogate pairs.
 */
export function escapeMarkup(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Surrogate}]/gu, (character) => (/[\t\n\r]/.test(character) ? character : '\ufffd'))
    .replace(/[&<>"']/g, (character) => entities[character] as string)
}

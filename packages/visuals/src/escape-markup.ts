const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text for HTML and SVG, in elements and in quoted attributes: nothing in it is markup. Control characters, which XML
 * forbids, become U+FFFD; so do halves of surrogate pairs, and what turns the direction of the text around it.
 */
export function escapeMarkup(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Surrogate}\u202a-\u202e\u2066-\u2069]/gu, (character) =>
      /[\t\n\r]/.test(character) ? character : '\ufffd',
    )
    .replace(/[&<>"']/g, (character) => entities[character] as string)
}

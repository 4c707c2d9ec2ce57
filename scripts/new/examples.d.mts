export const kinds: Readonly<Record<string, { readonly section: string; readonly name: string }>>
export function exampleOf(
  section: string,
  page?: string,
): {
  readonly files: readonly { readonly path: string; readonly text: string }[]
  readonly changes: readonly { readonly path: string; readonly lines: readonly string[] }[]
}
export function changed(text: string, lines: readonly string[], path: string): string

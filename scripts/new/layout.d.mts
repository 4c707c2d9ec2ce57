export function layoutOf(
  kind: string | undefined,
  place: string | undefined,
  files: { read(path: string): string | undefined },
): readonly { readonly path: string; readonly text: string; readonly isNew: boolean }[]

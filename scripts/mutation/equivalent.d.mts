/** A mutant, as far as the list of those that change no result knows it: the line that it changes, and what of it. */
export interface Slip {
  readonly source: string
  readonly from: string
}
export function equivalent(path: string, mutant: Slip): string | undefined
export function stale(files: readonly { readonly path: string; readonly mutants: readonly Slip[] }[]): string[]

interface Measured {
  readonly commit: string
  readonly loadAverage: number
  readonly cores: number
}
export function measurement(): Measured & { readonly date: string; readonly cpu: string; readonly node: string }
export function doubtsAbout(measured: Measured): string[]
export function keepResult(name: string, result: Measured, out?: string): void

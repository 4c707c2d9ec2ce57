export interface ReliabilityResult {
  readonly command: string
  /** How long the whole took; missing where only parts were run. */
  readonly minutes?: number
  readonly machine: Readonly<Record<'cpu' | 'node' | 'os', string> & Record<'cores' | 'memoryGb', number>>
  readonly rows: readonly {
    readonly table: string
    readonly row: string
    readonly figures: Readonly<Record<string, number | string>>
    readonly commit: string
    readonly date: string
  }[]
}

export function reliabilityPage(result: ReliabilityResult): string

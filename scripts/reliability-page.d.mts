export interface ReliabilityResult {
  readonly command: string
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

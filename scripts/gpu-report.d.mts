type Kind = 'cuda' | 'webgpu'

interface Examined {
  readonly suites: { readonly passed: number; readonly failed: number; readonly skipped: number }
  readonly conformance: { readonly passed: number; readonly failedAsExpected: number; readonly unexpected: number }
  readonly steps: readonly object[]
}

export declare function reportGpus(
  diagnosis: object,
  tools: {
    pytorch(kind: Kind): Promise<{ missing?: string }>
    examine(kind: Kind): Promise<Examined>
    write(name: string, report: object): Promise<string>
    circumstances(): object
    say(line: string): void
  },
): Promise<number>

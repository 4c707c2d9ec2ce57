import type { Slip } from './equivalent.mjs'

export function mutantsOf(
  path: string,
  code: string,
): (Slip & { line: number; kind: string; to: string; code: string })[]

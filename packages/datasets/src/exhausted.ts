import { errorCode } from '@ddnet/ops/checks'

/** The system has no descriptor, or no memory, left to read anything with. */
const codes: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])
const maxCauses = 10

/**
 * The code of an error that is the machine's and not the sample's, or of what caused it: to leave out the sample that met it would
 * be to leave out a good one.
 */
export function exhaustedCode(error: unknown): string | undefined {
  let each = error
  for (let depth = 0; depth < maxCauses && each instanceof Error; depth++, each = each.cause) {
    const code = errorCode(each)
    if (codes.has(code)) return code
  }
  return undefined
}

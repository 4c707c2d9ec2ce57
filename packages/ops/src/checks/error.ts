/** What an error says. Of what is thrown without being an error, its text. */
export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The code of a system error, such as `ENOENT`. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

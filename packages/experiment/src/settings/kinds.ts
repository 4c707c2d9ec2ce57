/** The parts of an experiment that settings choose by name. */
export const kinds = ['task', 'data', 'model', 'optimizer', 'schedule'] as const
export type Kind = (typeof kinds)[number]

/** Settings by path, with the keys of the command line. */
export type FlatSettings = Readonly<Record<string, unknown>>

/** Who decided the first of these paths that somebody decided, for messages. */
export type PlaceOf = (...paths: string[]) => string

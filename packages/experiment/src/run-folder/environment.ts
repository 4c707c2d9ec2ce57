import { z } from 'zod'

/** Where something was computed, for whoever wonders later; a page knows less of its machine than a command. */
export interface Environment {
  readonly ddnet?: string | undefined
  readonly node?: string | undefined
  readonly system?: string | undefined
  readonly processor?: string | undefined
  readonly cores?: number | undefined
  readonly memoryBytes?: number | undefined
  readonly backend?:
    | {
        readonly name?: string | undefined
        readonly device?: string | undefined
        readonly title?: string | undefined
        readonly reason?: string | undefined
      }
    | undefined
  readonly command?: string | undefined
  readonly startedAt?: string | undefined
}

/**
 * environment.json: where a run began, as far as that is known, and where it went on. It is for people: nothing that decides a run is
 * taken from it.
 */
export interface RunEnvironment extends Environment {
  readonly resumed?: readonly (Environment & { readonly step: number })[] | undefined
}

const text = z.string().optional()
const environment = {
  ddnet: text,
  node: text,
  system: text,
  processor: text,
  cores: z.number().optional(),
  memoryBytes: z.number().optional(),
  backend: z.looseObject({ name: text, device: text, title: text, reason: text }).optional(),
  command: text,
  startedAt: text,
} satisfies Record<keyof Environment, z.ZodType>

/** What is not known of here stays as it is. */
export const runEnvironmentSchema: z.ZodType<RunEnvironment> = z.looseObject({
  ...environment,
  resumed: z.array(z.looseObject({ ...environment, step: z.number() })).optional(),
})

import { z } from 'zod'

const environmentSchema = z.looseObject({
  ddnet: z.string().optional(),
  node: z.string().optional(),
  system: z.string().optional(),
  processor: z.string().optional(),
  cores: z.number().optional(),
  memoryBytes: z.number().optional(),
  backend: z
    .looseObject({
      name: z.string().optional(),
      device: z.string().optional(),
      title: z.string().optional(),
      reason: z.string().optional(),
    })
    .optional(),
  command: z.string().optional(),
  startedAt: z.string().optional(),
})

/** Where something was computed, for whoever wonders later; a page knows less of its machine than a command. */
export type Environment = z.infer<typeof environmentSchema>

export const runEnvironmentSchema = environmentSchema.extend({
  resumed: z.array(environmentSchema.extend({ step: z.number() })).optional(),
})

/**
 * environment.json: where a run began, as far as that is known, and where it went on. It is for people: nothing that decides a run is
 * taken from it.
 */
export type RunEnvironment = z.infer<typeof runEnvironmentSchema>

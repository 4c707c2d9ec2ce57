import { z } from 'zod'
import type { SelectedBackend } from '../backend/select-backend.ts'
import { readJsonFile } from '../files.ts'
import { describeMachine } from '../machine.ts'

/** Where something was computed, for whoever wonders later. */
export interface Environment {
  readonly ddnet: string
  readonly node: string
  readonly system: string
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly backend: { readonly name: string; readonly device: string; readonly title: string; readonly reason: string }
  readonly command: string
  readonly startedAt: string
}

const environmentSchema = z.looseObject({
  ddnet: z.string(),
  node: z.string(),
  system: z.string(),
  processor: z.string(),
  cores: z.number(),
  memoryBytes: z.number(),
  backend: z.looseObject({ name: z.string(), device: z.string(), title: z.string(), reason: z.string() }),
  command: z.string(),
  startedAt: z.string(),
} satisfies Record<keyof Environment, z.ZodType>)

const runEnvironmentSchema = z.looseObject({
  ...environmentSchema.partial().shape,
  backend: environmentSchema.shape.backend.partial().optional(),
  resumed: z.array(environmentSchema.extend({ step: z.number() })).optional(),
})

/**
 * environment.json: where a run began, as far as that is known (a page knows less), and where it went on. It is for people:
 * nothing that decides a run is taken from it.
 */
export type RunEnvironment = z.infer<typeof runEnvironmentSchema>

/**
 * The environment of a run; nothing where that was not written down.
 *
 * @throws CliError where the file is damaged
 */
export const readRunEnvironment = (path: string): Promise<RunEnvironment | undefined> =>
  readJsonFile(
    path,
    runEnvironmentSchema,
    'Put the right file back, or delete it: it only tells where the run was trained.',
  )

export const describeEnvironment = (
  ddnet: string,
  { backend, title, reason }: SelectedBackend,
  args: readonly string[],
): Environment => ({
  ddnet,
  ...describeMachine(),
  backend: { name: backend.name, device: backend.device, title, reason },
  command: ['ddnet', ...args].join(' '),
  startedAt: new Date().toISOString(),
})

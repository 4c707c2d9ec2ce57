import {
  type BackendDescription,
  backendStarters,
  describeBackend,
  type Started,
  starterOf,
} from './backend-starters.ts'
import type { BackendWish, Config } from './config/schema.ts'
import { convolutionGflops } from './measure-convolutions.ts'
import { type MeasuredSteps, measuredSteps } from './measure-steps.ts'

// The other side of backend-process.ts: a process that starts the backend its argument names, at the first question.

export type Question =
  | { readonly ask: 'describe' }
  | { readonly ask: 'convolutionGflops' }
  | { readonly ask: 'trainingStep'; readonly config: Config; readonly steps: number }

export interface Answers {
  readonly describe: BackendDescription
  readonly convolutionGflops: number
  readonly trainingStep: number
}

export type Reply =
  | { readonly value: Answers[keyof Answers] }
  | { readonly error: { readonly name: string; readonly message: string; readonly stack: string | undefined } }

const start = starterOf(process.argv[2] as Exclude<BackendWish, 'auto'>, backendStarters)
let backend: Started | undefined
let measured: MeasuredSteps | undefined

async function answer(question: Question): Promise<Reply> {
  try {
    backend ??= await start()
    switch (question.ask) {
      case 'describe':
        return { value: describeBackend(backend) }
      case 'convolutionGflops':
        return { value: await convolutionGflops() }
      case 'trainingStep':
        measured ??= measuredSteps(question.config)
        return { value: await measured.run(question.steps) }
    }
  } catch (error) {
    const { name, message, stack } = error as Error
    return { error: { name, message, stack } }
  }
}

process.on('message', async (question: Question) => process.send?.(await answer(question)))
// Whoever asked is gone.
process.on('disconnect', () => process.exit())

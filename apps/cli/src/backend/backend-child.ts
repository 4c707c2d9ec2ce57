import { type RequestedBackend, savedSettings, settingsFormat } from '@ddnet/experiment'
import { catalogOfRun } from '../config/own-definitions.ts'
import type { Question, Reply, SentRun } from './backend-questions.ts'
import { backendStarters, starterOf } from './backend-starters.ts'
import { describeBackend, type Started } from './describe-backend.ts'
import { convolutionGflops } from './measure-convolutions.ts'
import { type MeasuredRun, type MeasuredSteps, measuredSteps } from './measure-steps.ts'
import { refuseTooLarge, refuseTooManyImages, refuseTooManyWeights } from './memory.ts'

// The other side of backend-process.ts: a process that starts the backend its argument names, at the first question.

const start = starterOf(process.argv[2] as Exclude<RequestedBackend, 'auto'>, backendStarters)
let backend: Started | undefined
let measured: MeasuredSteps | undefined

/** A run as it was before it was sent. */
async function received({ settings, facts }: SentRun): Promise<MeasuredRun> {
  const catalog = await catalogOfRun([settings], process.cwd())
  return { config: savedSettings({ format: settingsFormat, ...settings }, 'the run', catalog).config, facts }
}

/** A run is measured whole, unless it cannot fit. */
async function whole(sent: SentRun, started: Started): Promise<MeasuredSteps> {
  if (measured !== undefined) return measured
  const run = await received(sent)
  const { accelerated } = describeBackend(started)
  measured = measuredSteps(run, {
    check(model) {
      refuseTooManyWeights(model, started)
      refuseTooLarge(model, run.config, run.facts.image, { name: started.name, accelerated })
      refuseTooManyImages(run.config, run.facts.image)
    },
  })
  return measured
}

async function answer(question: Question): Promise<Reply> {
  try {
    backend ??= await start()
    switch (question.ask) {
      case 'describe':
        return { value: describeBackend(backend) }
      case 'convolutionGflops':
        return { value: await convolutionGflops() }
      case 'peakMemory':
        return { value: process.resourceUsage().maxRSS * 1024 }
      case 'trainingStep':
        if (measured === undefined) {
          const run = await received(question.run)
          const started = backend
          measured = measuredSteps(run, { shortened: true, check: (model) => refuseTooManyWeights(model, started) })
        }
        return { value: await measured.run(question.steps) }
      case 'step':
        return { value: await (await whole(question.run, backend)).run(question.times) }
      case 'forward':
        return { value: await (await whole(question.run, backend)).forward(question.times) }
      case 'profile':
        return { value: await (await whole(question.run, backend)).profile(question.times) }
    }
  } catch (error) {
    const { name, message, stack } = error as Error
    return { error: { name, message, stack } }
  }
}

process.on('message', async (question: Question) => process.send?.(await answer(question)))
// Whoever asked is gone.
process.on('disconnect', () => process.exit())

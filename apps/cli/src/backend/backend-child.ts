import type { RequestedBackend } from '../config/schema.ts'
import type { Question, Reply } from './backend-questions.ts'
import { backendStarters, starterOf } from './backend-starters.ts'
import { describeBackend, type Started } from './describe-backend.ts'
import { convolutionGflops } from './measure-convolutions.ts'
import { type MeasuredRun, type MeasuredSteps, measuredSteps } from './measure-steps.ts'
import { refuseTooLarge, refuseTooManyImages, refuseTooManyWeights } from './memory.ts'

// The other side of backend-process.ts: a process that starts the backend its argument names, at the first question.

const start = starterOf(process.argv[2] as Exclude<RequestedBackend, 'auto'>, backendStarters)
let backend: Started | undefined
let measured: MeasuredSteps | undefined

/** A run is measured whole, unless it cannot fit. */
function whole(run: MeasuredRun, started: Started): MeasuredSteps {
  if (measured !== undefined) return measured
  const { accelerated } = describeBackend(started)
  refuseTooManyWeights(run.config, started)
  measured = measuredSteps(run, {
    check(model) {
      refuseTooLarge(model, run.config, { name: started.name, accelerated })
      refuseTooManyImages(run.config)
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
        refuseTooManyWeights(question.config, backend)
        measured ??= measuredSteps({ config: question.config, classes: 10 }, { shortened: true })
        return { value: await measured.run(question.steps) }
      case 'step':
        return { value: await whole(question.run, backend).run(question.times) }
      case 'forward':
        return { value: await whole(question.run, backend).forward(question.times) }
      case 'profile':
        return { value: await whole(question.run, backend).profile(question.times) }
    }
  } catch (error) {
    const { name, message, stack } = error as Error
    return { error: { name, message, stack } }
  }
}

process.on('message', async (question: Question) => process.send?.(await answer(question)))
// Whoever asked is gone.
process.on('disconnect', () => process.exit())

import type { Config } from './config/schema.ts'
import type { LabelledImages } from './data.ts'
import { counted, type Evaluation, evaluateModel } from './evaluation.ts'
import { type Model, testLoader } from './experiment.ts'
import type { Io } from './io.ts'
import { evaluationBatchSize } from './memory.ts'
import { liveLine } from './terminal/live-line.ts'
import { countLine } from './terminal/progress-line.ts'
import { styleFor } from './terminal/style.ts'

/**
 * Measures a model on all test images. `train` ends with this and `eval` is this, so that both say the same.
 */
export async function evaluateOnTestImages(
  { model, config, data }: { model: Model; config: Config; data: LabelledImages },
  io: Io,
): Promise<Evaluation> {
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const images = testLoader(data.test, config, evaluationBatchSize(model, config))
  const watched = counted(images, (done, total) =>
    line.update((columns) => countLine('testing', done, total, columns, style)),
  )
  try {
    return await evaluateModel(model, watched, data.classNames.length)
  } finally {
    line.clear()
  }
}

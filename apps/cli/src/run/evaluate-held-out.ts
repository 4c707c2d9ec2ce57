import { evaluationBatchSize } from '../backend/memory.ts'
import type { Config } from '../config/schema.ts'
import { heldOut, type LabelledImages } from '../data/labelled-images.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { countLine } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'
import { counted, type Evaluation, evaluateModel } from './evaluation.ts'
import { evaluationLoader, type Model, taskOf } from './experiment.ts'

/**
 * Measures a model on all test images, or, of data without any, on all validation images. `train` ends with this and
 * `eval` is this, so that both say the same.
 */
export async function evaluateHeldOut(
  { model, config, data }: { model: Model; config: Config; data: LabelledImages },
  io: Io,
): Promise<Evaluation> {
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const { split, images } = heldOut(data)
  const batches = evaluationLoader(images, config, evaluationBatchSize(model, config))
  const watched = counted(batches, (done, total) =>
    line.update((columns) => countLine(split === 'test' ? 'testing' : 'validating', done, total, columns, style)),
  )
  try {
    return { split, ...(await evaluateModel(model, watched, taskOf(config, data.classNames))) }
  } finally {
    line.clear()
  }
}

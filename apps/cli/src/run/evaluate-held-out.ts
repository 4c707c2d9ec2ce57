import { type Config, evaluationBatchSize, evaluationLoader, type RunTask } from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import { heldOut, type LabelledImages } from '../data/labelled-images.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { countLine } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'
import { counted, type Evaluation, evaluateModel } from './evaluation.ts'

/**
 * Measures a model on all test images, or, of data without any, on all validation images. `train` ends with this and
 * `eval` is this, so that both say the same.
 */
export async function evaluateHeldOut(
  { model, task, config, data }: { model: ModuleOf; task: RunTask; config: Config; data: LabelledImages },
  io: Io,
): Promise<Evaluation> {
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  const { split, images } = heldOut(data)
  const batches = evaluationLoader(images, config, evaluationBatchSize(model, config, data.facts.image))
  const watched = counted(batches, (done, total) =>
    line.update((columns) => countLine(split === 'test' ? 'testing' : 'validating', done, total, columns, style)),
  )
  try {
    const { figures, ...report } = await evaluateModel(model, watched, task)
    return { split, ...report, figures: { images: images.length, ...figures } }
  } finally {
    line.clear()
  }
}

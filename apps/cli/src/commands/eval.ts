import { resultOf } from '@ddnet/experiment'
import type { CommandContext } from '../context.ts'
import { evaluateHeldOut } from '../run/evaluate-held-out.ts'
import { type UseOptions, useRun } from '../run/use-run.ts'
import { evaluationReport } from '../terminal/evaluation-report.ts'
import { styleFor } from '../terminal/style.ts'

/** `ddnet eval RUN`: how a run's checkpoint does on all test images. */
export async function evaluate(
  path: string,
  options: UseOptions & { readonly json?: boolean },
  context: CommandContext,
): Promise<void> {
  const { stdout, env } = context.io
  const run = await useRun(path, options, context)
  try {
    const { model, task, config } = run
    const evaluation = await evaluateHeldOut({ model, task, config, data: await run.loadData() }, context.io)
    if (!options.json) {
      stdout.write(evaluationReport(evaluation, styleFor(stdout, env)))
      return
    }
    const { step } = run.checkpoint
    const result = { run: run.folder.path, checkpoint: options.checkpoint, step, ...resultOf(evaluation) }
    stdout.write(`${JSON.stringify(result)}\n`)
  } finally {
    run.dispose()
  }
}

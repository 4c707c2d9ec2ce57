import type { CommandContext } from '../context.ts'
import { evaluateHeldOut } from '../run/evaluate-held-out.ts'
import { perClass } from '../run/evaluation.ts'
import { type UseOptions, useRun } from '../run/use-run.ts'
import { evaluationReport } from '../terminal/evaluation-report.ts'
import { styleFor } from '../terminal/style.ts'

/** `ddnet eval RUN`: the accuracy of a run's checkpoint on all test images. */
export async function evaluate(
  path: string,
  options: UseOptions & { readonly json?: boolean },
  context: CommandContext,
): Promise<void> {
  const { stdout, env } = context.io
  const run = await useRun(path, options, context)
  try {
    const { model, config, classNames } = run
    const evaluation = await evaluateHeldOut({ model, config, data: await run.loadData() }, context.io)
    if (!options.json) {
      stdout.write(evaluationReport(evaluation, classNames, styleFor(stdout, env)))
      return
    }
    const classes = Object.fromEntries(perClass(evaluation, classNames).map(({ name, accuracy }) => [name, accuracy]))
    const { step } = run.checkpoint
    const result = { run: run.folder.path, checkpoint: options.checkpoint, step, ...evaluation, classes }
    stdout.write(`${JSON.stringify(result)}\n`)
  } finally {
    run.dispose()
  }
}

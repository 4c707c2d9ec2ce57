import { readFile } from 'node:fs/promises'
import * as ops from '@ddnet/ops'
import { expect, test } from 'vitest'

/** Exports that compute nothing of their own. */
const tools = [
  ...['tensor', 'scalar', 'zeros', 'ones', 'tidy', 'keep', 'dispose', 'memory', 'ready', 'engine', 'getBackend'],
  ...['grad', 'grads', 'valueAndGrads', 'valueAndSomeGrads', 'keepAll', 'defineOp'],
  // `softmaxCrossEntropyMean` is `softmaxCrossEntropy` with what its mean divides by.
  ...['activate', 'softmaxCrossEntropyMean', 'NoPathError'],
  ...['toHost', 'fromHost', 'permuteHost', 'ShapeError', 'BackendUnavailable', 'random', 'onShapes', 'placeholder'],
]

test('docs/operators.md knows every operator', async () => {
  const table = await readFile(new URL('../docs/operators.md', import.meta.url), 'utf8')
  const operators = Object.keys(ops).filter((name) => !tools.includes(name))
  expect(operators.length).toBeGreaterThan(100)
  expect(operators.filter((name) => !table.includes(`\`${name}\``))).toEqual([])
})

import { recordFigures } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { codeOfTextInScripts, scripts } from './code-of-text.ts'

test('what is built makes no code of text', () => {
  expect(scripts.length, 'built scripts: run npm run build').toBeGreaterThan(100)
  expect(codeOfTextInScripts()).toEqual([])
  const how = 'no `eval`, `Function(…)`, `node:vm` or timer of text in it'
  recordFigures('cases', 'a built script, with what is bundled into it', {
    tries: scripts.length,
    well: scripts.length,
    how,
  })
})

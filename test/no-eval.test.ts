import { describe, expect, test } from 'vitest'
import { codeOfText, codeOfTextInScripts, scripts } from './code-of-text.ts'

test.each([
  ['eval("1")', 1],
  ['(0, eval)("1")', 1],
  ['globalThis.eval(text)', 1],
  ['new Function("return 1")', 1],
  ['const run = Function(text)', 1],
  ['window.Function(text)', 1],
  ['window["eval"](text)', 1],
  ['({}).constructor.constructor("return 1")()', 1],
  ['setTimeout("go()", 1)', 1],
  ['import vm from "node:vm"', 1],
  ['const vm = require("vm")', 1],
  ['setTimeout(go, 1)', 0],
  ['x instanceof Function', 0],
  ['model.eval()', 0],
  ['"eval(1)" // new Function', 0],
])('%s', (text, count) => {
  expect(codeOfText(text, 'test.js')).toHaveLength(count)
})

const named = scripts.length === 0 ? ' (not built: run npm run build)' : ''
describe.skipIf(scripts.length === 0)(`what is built${named}`, () => {
  test('makes no code of text: no eval, no Function, no timers of text', () => {
    expect(scripts.length).toBeGreaterThan(100)
    expect(codeOfTextInScripts()).toEqual([])
  })
})

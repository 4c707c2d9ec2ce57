import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8')
const count = (text: string, comment: RegExp) =>
  text.split('\n').filter((line) => line.trim() !== '' && !comment.test(line)).length

async function linesOf(name: string): Promise<[python: number, ours: number]> {
  const python = (await read(`../../../fixtures/networks/${name}.py`)).replaceAll(/"""[\s\S]*?"""/g, '')
  const ours = (await read(`networks/${name}.ts`))
    .replaceAll(/^import [\s\S]*?from '.*'$/gm, '')
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, '')
  return [count(python, /^\s*(#|import |from )/), count(ours, /^\s*\/\//)]
}

test.each([
  ['U-Net', 'unet'],
  ['ResNet-18', 'resnet18'],
  ['DCGAN', 'dcgan'],
  ['GPT', 'gpt'],
])('%s has at most 1.5 times the lines of torch.nn, and those that the table says', async (title, name) => {
  const [python, ours] = await linesOf(name)
  expect(python).toBeGreaterThan(30)
  expect(ours / python).toBeLessThanOrEqual(1.5)
  const row = (await read('networks/README.md')).split('\n').find((line) => line.startsWith(`| ${title} `))
  expect(row?.split('|').slice(2, -1).map(Number)).toEqual([python, ours, Number((ours / python).toFixed(2))])
})

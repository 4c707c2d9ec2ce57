import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8')
const count = (text: string, comment: RegExp) =>
  text.split('\n').filter((line) => line.trim() !== '' && !comment.test(line)).length

async function linesOf(name: string, path: string): Promise<[python: number, ours: number]> {
  const python = (await read(`../../../fixtures/networks/${name}.py`)).replaceAll(/"""[\s\S]*?"""/g, '')
  const ours = (await read(path))
    .replaceAll(/^import [\s\S]*?from '.*'$/gm, '')
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, '')
    .replaceAll(/^export interface [\s\S]*?^}$/gm, '') // types of options, which Python has in its signatures
  return [count(python, /^\s*(#|import |from )/), count(ours, /^\s*\/\//)]
}

test.each([['U-Net', 'unet', '../src/unet.ts']])(
  '%s has at most 1.5 times the lines of torch.nn, and those that the table says',
  async (title, name, path) => {
    const [python, ours] = await linesOf(name, path)
    expect(python).toBeGreaterThan(30)
    expect(ours / python).toBeLessThanOrEqual(1.5)
    const row = (await read('README.md')).split('\n').find((line) => line.startsWith(`| ${title} `))
    expect(row?.split('|').slice(2, -1).map(Number)).toEqual([python, ours, Number((ours / python).toFixed(2))])
  },
)

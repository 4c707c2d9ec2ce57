import { readFile } from 'node:fs/promises'
import { transformWithOxc } from 'vite'

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  const file = new URL(url)
  const { code } = await transformWithOxc(await readFile(file, 'utf8'), file.pathname, { target: 'es2022' })
  return { format: 'module', source: code, shortCircuit: true }
}

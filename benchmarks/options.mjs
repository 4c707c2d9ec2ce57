import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'

/** What a benchmark was given as `name=value`, and what it takes where it was not. */
export const given = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=')))
export const setting = (name, fallback) => Number(given[name] ?? fallback)
export const threads = setting('threads', Math.min(2, cpus().length))

/** The Python to compare with, and whether it has torch. */
export const python = process.env.DDNET_PYTHON ?? 'python3'

export function hasTorch() {
  const found = spawnSync(python, ['-c', 'import torch']).status === 0
  if (!found) console.log(`${python} has no torch: give one as DDNET_PYTHON to compare with PyTorch`)
  return found
}

#!/usr/bin/env node
import { explain } from './errors.ts'
import { expectOpenFiles } from './open-files.ts'

try {
  expectOpenFiles()
  // Loaded here, so that what hinders that, as a low limit of open files, is told as any other error.
  const { start } = await import('./start.ts')
  await start()
} catch (error) {
  const { message, exitCode } = explain(error)
  process.stderr.write(`ddnet: ${message}\n`)
  if (process.argv.includes('--verbose') && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exitCode = exitCode
}

#!/usr/bin/env node
import { processIo } from './io.ts'
import { main } from './program.ts'

// Whoever reads us may have seen enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await main(process.argv.slice(2), processIo())

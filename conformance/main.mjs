// `pnpm conformance [backend …] [--update] [--stock]`: see docs/conformance.md.
import { openLoader } from './loader.mjs'

const { load, close } = await openLoader()
try {
  const { main } = await load('/conformance/src/main.ts')
  process.exitCode = await main(process.argv.slice(2))
} finally {
  await close()
}

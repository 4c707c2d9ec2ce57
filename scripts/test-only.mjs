// Runs the tests of an installed workspace, without building and checking it first.
import { runTests } from './checks.mjs'

await runTests(process.argv.slice(2))

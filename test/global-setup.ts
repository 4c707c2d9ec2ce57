import { fileURLToPath } from 'node:url'
import { globalSetup as webgpuSetup } from '@ddnet/testing/browser'
import { parseCLI, type TestProject } from 'vitest/node'
import { isCurrent } from '../packages/backend-node/src/install/compile.ts'
import { InstallError, installedTensorFlow, installTensorFlow } from '../packages/backend-node/src/install/index.ts'
import { needsBackends } from './needs-backends.ts'

/**
 * Finds or installs what the backends under test need: an adapter for WebGPU (SwiftShader where there is no GPU) and
 * TensorFlow's addon. What a machine cannot have is left as a reason in `DDNET_TEST_MISSING_*`, and the tests that need
 * it are skipped with that reason in their names. A run of some files, none of which needs backends, prepares none.
 */
export default async function setup(project?: TestProject): Promise<void> {
  if (project !== undefined && !(await mayNeedBackends(project))) return
  const chosen = process.env['DDNET_TEST_BACKENDS']?.split(',')
  if (chosen === undefined || chosen.includes('webgpu')) await webgpuSetup()
  // Each project of vitest's sets up: what the first found, or found missing, holds for all.
  const isKnown = ['DDNET_TENSORFLOW_ADDON', 'DDNET_TEST_MISSING_TENSORFLOW'].some((name) => name in process.env)
  if ((chosen === undefined || chosen.includes('tensorflow')) && !isKnown) {
    await tensorflowSetup()
  }
}

/** Whether a run of vitest may need backends: one of all files does, and so does one that waits for changes, in any file. */
async function mayNeedBackends(project: TestProject): Promise<boolean> {
  const [, program = '', ...words] = process.argv
  if (project.config.watch || !/[/\\]vitest(\.mjs)?$/.test(program)) return true
  const { filter } = parseCLI(['vitest', ...words])
  if (filter.length === 0) return true
  const { testFiles } = await project.globTestFiles([...filter])
  return testFiles.length === 0 || testFiles.some((file) => needsBackends(file))
}

async function tensorflowSetup(): Promise<void> {
  const script = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
  const trainingCheck = [
    process.execPath,
    script('scripts/run-source.mjs'),
    script('packages/backend-node/src/install/training-check.ts'),
  ]
  const report = ({ text }: { text: string }) => process.stderr.write(`TensorFlow: ${text}\n`)
  try {
    const present = installedTensorFlow()
    const isUsable =
      present !== undefined && (present.variant === 'tensorflow-linked' || (await isCurrent(present.folder)))
    const { addon } = isUsable ? present : await installTensorFlow({ trainingCheck, report })
    process.env['DDNET_TENSORFLOW_ADDON'] = addon
  } catch (error) {
    // What goes wrong on a machine that has all that it takes is our fault.
    if (!(error instanceof InstallError) || !error.isMachineLacking) throw error
    process.env['DDNET_TEST_MISSING_TENSORFLOW'] = error.message
  }
}

import * as jasmineUtil from '@tensorflow/tfjs-core/dist/jasmine_util'
import type { BackendName } from './backend-names.ts'
import { flags, settle, start } from './backends.ts'
import type { Result } from './result.ts'
import { chainFacade, registerGradients } from './shared-names.ts'

/** As much of jasmine as is used here. */
interface Jasmine {
  DEFAULT_TIMEOUT_INTERVAL: number
  getEnv(): {
    configure(options: { random: boolean; forbidDuplicateNames: boolean }): void
    addReporter(reporter: { suiteDone(outcome: Outcome): void; specDone(outcome: Outcome): Promise<void> }): void
    topSuite(): Block
    execute(): Promise<unknown>
  }
}

/** A `describe` or an `it`. */
interface Block {
  readonly id: string
  readonly description: string
  readonly children?: readonly Block[]
}

interface Outcome {
  readonly id: string
  readonly status: string
  readonly failedExpectations: readonly { readonly message: string }[]
}

export interface Run {
  readonly backend: BackendName
  /** Our operators, kernels and gradients, or tfjs's alone to compare with. */
  readonly kernels: 'ours' | 'stock'
  readonly files: readonly string[]
  /** Loads a module of tfjs-core. */
  readonly load: (file: string) => Promise<unknown>
  readonly jasmine: Jasmine
  readonly done: (result: Result) => void
}

/** Runs tfjs-core's test files on one backend, in this process and under jasmine. */
export async function run({ backend, kernels, files, load, jasmine, done }: Run): Promise<void> {
  await start(backend, kernels)
  await load('public/chained_ops/register_all_chained_ops.js')
  if (kernels === 'ours') {
    await registerGradients()
    chainFacade()
  } else await load('register_all_gradients.js')

  // Dawn in Node cannot wait for the GPU, so its tensors cannot be read synchronously.
  const environment = { name: backend, backendName: backend, flags: flags[backend], isDataSync: backend !== 'webgpu' }
  jasmineUtil.setTestEnvs([environment])
  const env = jasmine.getEnv()
  env.configure({ random: false, forbidDuplicateNames: false })
  jasmine.DEFAULT_TIMEOUT_INTERVAL = 60_000

  const places = new Map<string, { file: string; name: string }>()
  const suffix = ` ${backend} ${JSON.stringify(environment.flags)}`
  const place = (block: Block, file: string, path: readonly string[]): void => {
    const names = [...path, block.description.replace(suffix, '').trim()]
    places.set(block.id, { file, name: names.join(' > ') })
    for (const child of block.children ?? []) place(child, file, names)
  }
  let known = 0
  for (const file of files) {
    await load(file)
    const blocks = env.topSuite().children ?? []
    for (const block of blocks.slice(known)) place(block, file, [])
    known = blocks.length
  }

  const report = ({ id, status, failedExpectations }: Outcome): void => {
    const { file, name } = places.get(id) ?? { file: '', name: 'outside all blocks' }
    const message = failedExpectations.map((each) => each.message.split('\n')[0]).join('; ')
    done({ file, name, status: status as Result['status'], message })
  }
  env.addReporter({
    // Only what goes wrong before or after all of its tests.
    suiteDone: (outcome) => {
      if (outcome.failedExpectations.length > 0) report({ ...outcome, status: 'failed' })
    },
    specDone: async (outcome) => {
      report(outcome)
      if (outcome.failedExpectations.some(({ message }) => message.includes('the device refused'))) await settle()
    },
  })
  await env.execute()
}

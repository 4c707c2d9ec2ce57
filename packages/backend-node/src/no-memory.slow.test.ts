import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { add, broadcastTo, matMul, memory, tensor, zeros } from '@ddnet/ops'
import { errorMessage } from '@ddnet/ops/checks'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'

const limit = (bytes: string): number | null =>
  spawnSync('prlimit', ['--pid', String(process.pid), `--as=${bytes}:`]).status // the soft limit alone, which can be raised again
const noLimit = limit('unlimited') === 0 ? undefined : 'there is no prlimit, which limits the memory of a process'

const many = 1_000_000_000 // 4 GB

describeBackends('where the machine has no memory', () => {
  // TensorFlow tries for ten seconds.
  test.skipIf(noLimit !== undefined).each<[string, () => unknown, string]>([
    ['broadcastTo', () => broadcastTo(zeros([1]), [many]), '[1]'],
    ['matMul', () => matMul(zeros([32_000, 1]), zeros([1, 32_000])), '[32000,1] and [1,32000]'],
  ])(`%s says so in one line, and goes on (${noLimit ?? 'a limit of this process'})`, async (_, work, shapes) => {
    const { numTensors, numBytes } = memory()
    const taken = Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
    limit(String(taken + many))
    try {
      let told = ''
      try {
        work()
      } catch (error) {
        told = `${(error as Error).name}: ${errorMessage(error)}`
      }
      expect(told).toMatch(
        /^RangeError: \w+: no memory for the result of [^\n]*Use a smaller batch or smaller images\.$/,
      )
      expect(told).toContain(`${shapes} (OOM when allocating tensor with shape[`)
      expect(told).not.toContain('job:')
    } finally {
      limit('unlimited')
    }
    // What the work took before stays with it; its result is nowhere.
    expect(memory().numBytes - numBytes).toBeLessThan(1e6)
    expect(memory().numTensors - numTensors).toBeLessThanOrEqual(2)
    expect(await add(tensor([1, 2, 3]), 1).data()).toEqual(Float32Array.of(2, 3, 4))
  })
}, ['tensorflow'])

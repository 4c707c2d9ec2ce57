import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Session, session } from './session.ts'

async function trained(...settings: string[]): Promise<Session> {
  const shell = session()
  const { code } = await shell.run('train', 'batchSize=8', 'validation.images=40', 'name=a', ...settings)
  expect(code).toBe(0)
  return shell
}

test('--int8 measures both files in ONNX Runtime, where float32 comes to what eval says', async () => {
  const shell = await trained('model.channels=[8,16]', 'steps=60')
  const told = JSON.parse((await shell.run('eval', 'runs/a', '--json')).stdout)
  const options = ['--int8', '--calibration', '24']
  const { int8, ...facts } = JSON.parse((await shell.run('export', 'runs/a', 'm.onnx', ...options, '--json')).stdout)
  expect(facts).toMatchObject({ weights: 'int8', bytes: readFileSync(join(shell.cwd, 'm.onnx')).length })
  expect(int8).toMatchObject({ calibrationImages: 24, measured: { split: 'test', images: 40 } })
  expect(int8.float32Bytes).toBeGreaterThan(facts.bytes)
  const { float32, int8: quantized } = int8.measured
  expect(float32.accuracy).toBe(told.accuracy)
  expect(Math.abs(float32.loss - told.loss)).toBeLessThan(1e-5)
  expect(quantized.loss).not.toBe(float32.loss)
  expect(Math.abs(quantized.loss - float32.loss)).toBeLessThan(0.02) // of 1.7: int8 is no other network
  expect(int8.layers.map(({ name, arithmetic }: { name: string; arithmetic: string }) => [name, arithmetic])).toEqual([
    ['encoder.0.conv', 'int8'],
    ['encoder.1.conv', 'int8'],
    ['decoder.0.deconv', 'float32'],
    ['decoder.1.deconv', 'float32'],
    ['heads.class', 'int8'],
  ])
  expect(JSON.parse(readFileSync(join(shell.cwd, 'm.json'), 'utf8'))).toMatchObject({ weights: 'int8', int8 })

  const again = await shell.run('export', 'runs/a', 'm.onnx', ...options, '--force')
  expect(again.stdout).toContain('3 of 5 layers compute in int8, with\n          ranges of 24 training images\n')
  expect(again.stdout).toContain('decoder.0.deconv, decoder.1.deconv: stored as int8, computed in')
  expect(again.stdout).toMatch(/^float32 {3}test accuracy [\d.]+% \(\d+ of 40 images\), loss [\d.]+$/m)
  expect(again.stdout).toMatch(/^int8 {6}test accuracy [\d.]+% \(\d+ of 40 images\), loss [\d.]+$/m)
})

test.each([
  [['m.onnx', '--int8', '--float16'], '--int8 and --float16 contradict each other. Give one of them.'],
  [['m.safetensors', '--int8'], '--int8 is of an ONNX file'],
  [['m.onnx', '--calibration', '5'], '--calibration 5 is of --int8. Give both, or neither.'],
  [['m.onnx', '--int8', '--calibration', '0'], 'Expected a whole number above 0.'],
  [['m.onnx', '--int8', '--calibration', '500'], '--calibration 500: expected no more than the 72 training images'],
])('%j is a usage error: %s', async (args, message) => {
  const shell = await trained('model.channels=[4]', 'steps=1')
  const { code, stdout, stderr } = await shell.run('export', 'runs/a', ...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr.replace(/\s+/g, ' ')).toContain(message)
})

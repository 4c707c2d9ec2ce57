import { readFileSync } from 'node:fs'
import type { HostTensor } from '@ddnet/ops'
import { fixtureUrl } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { MobileNetV2, mobilenetV2Names } from './mobilenet-v2.ts'

test('MobileNetV2 refuses what there is not', () => {
  expect(() => new MobileNetV2({ widthMultiplier: 0 })).toThrow('MobileNetV2: expected widthMultiplier above 0, got 0.')
  expect(() => new MobileNetV2({ stages: [] })).toThrow('MobileNetV2: expected stages, got none.')
})

test('the names of timm become torchvision’s, as timm-names.json pairs them, and those stay', () => {
  const names: Record<string, string> = JSON.parse(readFileSync(fixtureUrl('timm-names.json'), 'utf8'))
  const pairs = Object.entries(names)
  const tensors = (names: readonly string[]) =>
    Object.fromEntries(
      names.map((name, at): [string, HostTensor] => [
        name,
        { dtype: 'float32', data: Float32Array.of(at), shape: [1] },
      ]),
    )
  const own = tensors(pairs.map(([, name]) => name))
  expect(mobilenetV2Names(tensors(pairs.map(([name]) => name)))).toEqual(own)
  expect(mobilenetV2Names(own)).toBe(own)
})

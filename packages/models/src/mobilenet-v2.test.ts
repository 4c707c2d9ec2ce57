import { expect, test } from 'vitest'
import { MobileNetV2 } from './mobilenet-v2.ts'

test('MobileNetV2 refuses what there is not', () => {
  expect(() => new MobileNetV2({ widthMultiplier: 0 })).toThrow('MobileNetV2: expected widthMultiplier above 0, got 0.')
  expect(() => new MobileNetV2({ stages: [] })).toThrow('MobileNetV2: expected stages, got none.')
})

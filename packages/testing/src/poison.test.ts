import { expect, test } from 'vitest'
import { poisoned, readPoisoned } from './poison.ts'

test('each object is poisoned, and the text stays JSON', () => {
  const texts = poisoned('{"a": {"b": [{}]}, "c{": "\\"{"}')
  expect(texts).toHaveLength(3 * 4)
  for (const text of texts) expect(() => JSON.parse(text)).not.toThrow()
  expect(texts[4]).toBe('{"a": {"__proto__":{"polluted":true},"b": [{}]}, "c{": "\\"{"}')
})

test('a reader that merges without care is found', async () => {
  const merge = (target: Record<string, unknown>, source: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(source)) {
      if (typeof value === 'object') merge(target[key] as Record<string, unknown>, value as Record<string, unknown>)
      else target[key] = value
    }
  }
  try {
    await expect(
      readPoisoned(
        '{}',
        (text) => merge({}, JSON.parse(text)),
        () => false,
      ),
    ).rejects.toThrow('changed a prototype: polluted')
  } finally {
    delete (Object.prototype as { polluted?: unknown }).polluted
  }
})

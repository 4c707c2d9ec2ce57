import { expect, test } from 'vitest'
import { Outbox } from './outbox.ts'

const settled = () => new Promise((resolve) => setTimeout(resolve))

test('a page that shows nothing stops the sender at the capacity', async () => {
  const posted: number[] = []
  const outbox = new Outbox<number>((message) => posted.push(message), 3)
  let sent = 0
  const sending = (async () => {
    for (let message = 0; message < 10; message++) {
      await outbox.send(message)
      sent++
    }
  })()
  await settled()
  expect(posted).toEqual([0, 1, 2])
  expect(sent).toBe(3)
  outbox.shown()
  await settled()
  expect(posted).toEqual([0, 1, 2, 3])
  for (let shown = 0; shown < 9; shown++) outbox.shown()
  await sending
  expect(posted).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('many senders keep their order and the capacity', async () => {
  const posted: number[] = []
  const outbox = new Outbox<number>((message) => posted.push(message), 1)
  const sending = Promise.all([0, 1, 2].map((message) => outbox.send(message)))
  await settled()
  expect(posted).toEqual([0])
  outbox.shown()
  await settled()
  expect(posted).toEqual([0, 1])
  outbox.shown()
  await sending
  expect(posted).toEqual([0, 1, 2])
})

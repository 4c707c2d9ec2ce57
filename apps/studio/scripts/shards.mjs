// Writes CIFAR-10 into public/cifar10, where the page reads it: `pnpm --filter @ddnet/studio shards` after a build.
import { fileURLToPath } from 'node:url'
import { cifar10 } from '@ddnet/datasets'
import { writeCifar10Shards } from '@ddnet/datasets/node'

const folder = fileURLToPath(new URL('../public/cifar10', import.meta.url))
await writeCifar10Shards(await cifar10({ log: console.error }), folder)
console.log(`wrote ${folder}`)

import { defineConfig } from 'tsdown'
import base from '../../tsdown.base.ts'

export default defineConfig({ ...base, entry: { index: 'src/index.ts', cifar10: 'src/cifar10/index.ts' } })

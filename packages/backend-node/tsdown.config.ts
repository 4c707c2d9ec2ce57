import base from '../../tsdown.base.ts'

export default {
  ...base,
  entry: {
    index: 'src/index.ts',
    install: 'src/install/index.ts',
    // Run in a process of its own.
    'training-check': 'src/install/training-check.ts',
  },
  platform: 'node',
}

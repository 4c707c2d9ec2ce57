import '@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js'

export { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js'
export { registered as stockKernels } from './tfjs.mjs'

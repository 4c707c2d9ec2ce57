import { openNullDevice } from './null-device.ts'

/** What a lint found, one message a pipeline. */
export interface ShaderLint {
  /** Waits for the checks under way. */
  findings(): Promise<readonly string[]>
}

/**
 * Compiles whatever `device` compiles on Dawn's null device too, which has WebGPU's default limits and not this
 * machine's: workgroups of 256 invocations with 16 KiB, 8 storage buffers. So a shader that runs here runs on a phone.
 */
export async function lintShaders(device: GPUDevice): Promise<ShaderLint> {
  const strict = await openNullDevice()
  const codeOf = new WeakMap<GPUShaderModule, string>()
  const found: string[] = []
  const checks: Promise<void>[] = []

  const check = ({ label = '', compute: { module, ...stage } }: GPUComputePipelineDescriptor): void => {
    strict.pushErrorScope('validation')
    const code = codeOf.get(module)
    if (code === undefined)
      throw new Error(`lintShaders: expected the shader of ${label} to be made after the lint began.`)
    strict.createComputePipeline({
      label,
      layout: 'auto',
      compute: { ...stage, module: strict.createShaderModule({ label, code }) },
    })
    checks.push(
      strict.popErrorScope().then((error) => {
        if (error !== null) found.push(`${label}: ${error.message}`)
      }),
    )
  }
  const { createShaderModule, createComputePipeline, createComputePipelineAsync } = device
  device.createShaderModule = (descriptor) => {
    const module = createShaderModule.call(device, descriptor)
    codeOf.set(module, descriptor.code)
    return module
  }
  device.createComputePipeline = (descriptor) => {
    check(descriptor)
    return createComputePipeline.call(device, descriptor)
  }
  device.createComputePipelineAsync = (descriptor) => {
    check(descriptor)
    return createComputePipelineAsync.call(device, descriptor)
  }
  return {
    findings: async () => {
      await Promise.all(checks.splice(0))
      return found
    },
  }
}

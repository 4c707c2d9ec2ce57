import { BackendUnavailable } from '@ddnet/ops'

/** What an adapter says of itself, and whether it computes on the CPU. */
export interface AdapterDescription {
  /** Vendor, architecture and description in one line, with `(software)` when there is no GPU behind it. */
  readonly device: string
  readonly software: boolean
}

/**
 * The best adapter: a GPU's, or a software one where there is nothing else.
 *
 * @throws BackendUnavailable when there is none
 */
export async function requestAdapter(gpu: GPU, powerPreference: GPUPowerPreference): Promise<GPUAdapter> {
  const adapter =
    (await gpu.requestAdapter({ powerPreference })) ?? (await gpu.requestAdapter({ forceFallbackAdapter: true }))
  if (adapter === null) throw new BackendUnavailable(`webgpu: no WebGPU adapter was found. ${remedy()}`)
  return adapter
}

export function describeAdapter({ info }: GPUAdapter): AdapterDescription {
  const words = [info.vendor, info.architecture, info.description].filter((word) => word !== '')
  const name = [...new Set(words)].join(' ') || 'an adapter that does not describe itself'
  const software = info.isFallbackAdapter === true || /swiftshader|llvmpipe|softpipe|warp|basic render/i.test(name)
  return { device: software ? `${name} (software)` : name, software }
}

/**
 * Opens the adapter's device with buffers as large as the adapter offers, and timestamp queries where it has them. All
 * else stays at WebGPU's defaults, so that every machine compiles the same shaders, and a phone can.
 */
export function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
  const wanted: GPUFeatureName[] = ['timestamp-query', 'bgra8unorm-storage']
  return adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
  })
}

function remedy(): string {
  const platform = typeof process === 'undefined' ? 'browser' : process.platform
  switch (platform) {
    case 'linux':
      return [
        'Dawn needs the Vulkan loader (libvulkan.so.1) and a driver:',
        'on Debian and Ubuntu `apt install libvulkan1 mesa-vulkan-drivers` (AMD, Intel, and a software driver), or NVIDIA’s driver;',
        `\`vulkaninfo --summary\` lists what is found${process.env.VK_ICD_FILENAMES === undefined ? '' : `, and VK_ICD_FILENAMES=${process.env.VK_ICD_FILENAMES} restricts it`}.`,
        'Or use the wasm backend.',
      ].join(' ')
    case 'browser':
      return 'Open chrome://gpu (or about:support) to see why: WebGPU may be disabled, or the graphics driver is on a blocklist; turn on hardware acceleration, or use the wasm backend.'
    default:
      return 'Update the graphics driver, or use the wasm backend.'
  }
}

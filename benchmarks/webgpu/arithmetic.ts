/** The multiplications of one dispatch. */
export interface Multiplications {
  /** The pipeline's label. */
  readonly label: string
  readonly count: number
}

/** WebGPU's smallest step between bindings of one buffer. */
const cellBytes = 256
const maxCells = 256

/**
 * Counts the multiplications that dispatches execute from now on, the padding of their tiles included, where they are
 * executed: each statement that adds a product to a vector of four sums counts four, and each dispatch gathers its
 * invocations' counts in a cell of its own. Shaders without such statements are left as they are, and so are pipelines
 * that exist already. A dispatch of 2³² multiplications or more overflows.
 *
 * @returns what reads the counts, once everything has been submitted
 */
export function countMultiplications(device: GPUDevice): () => Promise<Multiplications[]> {
  const { COPY_SRC, COPY_DST, STORAGE, MAP_READ } = GPUBufferUsage
  const cells = device.createBuffer({ size: cellBytes * maxCells, usage: STORAGE | COPY_SRC })
  const dispatches: string[] = []
  const counting = new WeakSet<GPUComputePipeline | GPUShaderModule>()

  const createShaderModule = device.createShaderModule.bind(device)
  device.createShaderModule = (descriptor) => {
    const code = withCounter(descriptor.code)
    const module = createShaderModule({ ...descriptor, code })
    if (code !== descriptor.code) counting.add(module)
    return module
  }
  const createComputePipeline = device.createComputePipeline.bind(device)
  device.createComputePipeline = (descriptor) => {
    const pipeline = createComputePipeline(descriptor)
    if (counting.has(descriptor.compute.module)) counting.add(pipeline)
    return pipeline
  }
  const createCommandEncoder = device.createCommandEncoder.bind(device)
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor)
    const beginComputePass = encoder.beginComputePass.bind(encoder)
    encoder.beginComputePass = (passDescriptor) => {
      const pass = beginComputePass(passDescriptor)
      const setPipeline = pass.setPipeline.bind(pass)
      pass.setPipeline = (pipeline) => {
        setPipeline(pipeline)
        if (!counting.has(pipeline)) return
        if (dispatches.length === maxCells) throw new Error(`countMultiplications: more than ${maxCells} dispatches.`)
        const resource = { buffer: cells, offset: cellBytes * dispatches.length, size: 4 }
        const layout = pipeline.getBindGroupLayout(1)
        pass.setBindGroup(1, device.createBindGroup({ layout, entries: [{ binding: 0, resource }] }))
        dispatches.push(pipeline.label)
      }
      return pass
    }
    return encoder
  }

  return async () => {
    const readable = device.createBuffer({ size: cells.size, usage: COPY_DST | MAP_READ })
    const encoder = createCommandEncoder()
    encoder.copyBufferToBuffer(cells, 0, readable, 0, cells.size)
    device.queue.submit([encoder.finish()])
    await readable.mapAsync(GPUMapMode.READ)
    const words = new Uint32Array(readable.getMappedRange())
    return dispatches.map((label, index) => ({ label, count: words[(index * cellBytes) / 4] as number }))
  }
}

/** `sum0 += values.x * weights0;`, where `sum0` is a vec4. */
const product = /\bsum\w* \+= [^;]*\*[^;]*;/g

function withCounter(code: string): string {
  const counted = code.replace(product, (statement) => {
    const sum = /^sum\w*/.exec(statement)?.[0]
    return new RegExp(`var ${sum}\\b[^;]*vec4<f32>`).test(code) ? `${statement} multiplications += 4u;` : statement
  })
  if (counted === code) return code
  return `
var<private> multiplications : u32 = 0u;
@group(1) @binding(0) var<storage, read_write> cell : atomic<u32>;
${counted.replace('run(workgroup, i32(local));', 'run(workgroup, i32(local)); atomicAdd(&cell, multiplications);')}`
}

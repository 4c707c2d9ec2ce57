/**
 * Counts the compute dispatches that a device records from now on, by wrapping the encoders it creates. Other devices
 * are not touched.
 *
 * @returns a function that tells the count so far
 */
export function countDispatches(device: GPUDevice): () => number {
  let count = 0
  const createCommandEncoder = device.createCommandEncoder.bind(device)
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor)
    const beginComputePass = encoder.beginComputePass.bind(encoder)
    encoder.beginComputePass = (passDescriptor) => {
      const pass = beginComputePass(passDescriptor)
      const dispatchWorkgroups = pass.dispatchWorkgroups.bind(pass)
      const dispatchWorkgroupsIndirect = pass.dispatchWorkgroupsIndirect.bind(pass)
      pass.dispatchWorkgroups = (...size) => {
        count++
        dispatchWorkgroups(...size)
      }
      pass.dispatchWorkgroupsIndirect = (...source) => {
        count++
        dispatchWorkgroupsIndirect(...source)
      }
      return pass
    }
    return encoder
  }
  return () => count
}

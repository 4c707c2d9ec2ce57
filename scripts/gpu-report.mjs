/**
 * Examines each GPU that `ddnet doctor` found and writes one report on each; what a machine lacks is said, and nothing is
 * written then. A report claims that everything passes there, so that one with failures is not written either.
 *
 * @param diagnosis what `ddnet doctor --json` prints
 * @param tools what examines and writes: see report-gpu.mjs
 * @returns {Promise<number>} the exit code: 0 if a report was written, 1 if something failed, 4 if there is nothing to report on
 */
export async function reportGpus(diagnosis, { pytorch, examine, write, circumstances, say }) {
  const codes = []
  for (const kind of ['cuda', 'webgpu']) {
    const missing = missingOf(kind, diagnosis.backends[kind]) ?? (await pytorch(kind)).missing
    if (missing !== undefined) {
      say(`${titles[kind]}: ${missing}`)
      continue
    }
    const device = describeDevice(kind, diagnosis)
    say(`${titles[kind]}: ${device.name}`)
    const examined = await examine(kind)
    const { suites, conformance } = examined
    if (suites.failed > 0 || suites.passed === 0 || conformance.unexpected > 0) {
      say(
        `${titles[kind]}: ${suites.passed} tests passed, ${suites.failed} failed, and ${conformance.unexpected} of the conformance tests fail that pass elsewhere. No report is written.`,
      )
      codes.push(1)
      continue
    }
    const name = `${kind}-${slug(device.name)}.json`
    const path = await write(name, { ...circumstances(), device, ...examined })
    say(`${titles[kind]}: ${path}`)
    codes.push(0)
  }
  if (codes.length === 0) say('There is no GPU to report on: nothing was written.')
  return codes.length === 0 ? 4 : Math.max(...codes)
}

const titles = { cuda: 'CUDA', webgpu: 'WebGPU' }

function missingOf(kind, found) {
  if (!found.available) return `${found.reason}${found.fix === undefined ? '' : ` Run: ${found.fix}`}`
  if (kind === 'webgpu' && !found.accelerated) return `its only adapter computes on the CPU: ${found.device}`
  return undefined
}

/** The GPU with the versions of what drives it. */
function describeDevice(kind, { backends, machine }) {
  const { device, versions } = backends[kind]
  // CUDA counts the fastest GPU first and the driver the first on the bus: only of equal ones is it known which is meant.
  const gpu = machine.gpus.every(({ name }) => name === machine.gpus[0].name) ? machine.gpus[0] : undefined
  if (kind === 'webgpu') return { name: device, ...(gpu !== undefined && { driver: gpu.driver }) }
  return { name: gpu?.name ?? device, driver: gpu?.driver, memoryBytes: gpu?.memoryBytes, ...versions }
}

const slug = (name) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60)

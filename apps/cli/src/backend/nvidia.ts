import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What NVIDIA's driver says of a GPU. */
export interface NvidiaGpu {
  readonly name: string
  readonly memoryBytes: number
  readonly driver: string
}

/** The GPUs that `nvidia-smi` lists, in its order; none where it is missing or fails. */
export async function nvidiaGpus(run = nvidiaSmi): Promise<NvidiaGpu[]> {
  let listed: string
  try {
    listed = await run()
  } catch {
    return []
  }
  return listed
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .map(([name = '', mebibytes, driver = '']) => ({ name, memoryBytes: Number(mebibytes) * 2 ** 20, driver }))
}

async function nvidiaSmi(): Promise<string> {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits']
  return (await promisify(execFile)('nvidia-smi', query)).stdout
}

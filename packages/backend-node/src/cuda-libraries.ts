import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Versions of NVIDIA's libraries. */
export interface CudaVersions {
  /** The CUDA runtime's, as '12.5.82'. */
  readonly cuda?: string
  /** cuDNN's, as '9.3.0.75'. */
  readonly cudnn?: string
}

/**
 * Versions of the CUDA runtime and cuDNN that this process has loaded: what computes, not what TensorFlow was built with.
 * TensorFlow loads them when it first needs them. A library's version is in its file's name (`libcudnn.so.9.1.0`) or, in
 * Python's wheels, in the name of the folder that describes the wheel (`nvidia_cudnn_cu12-9.3.0.75.dist-info`); where
 * neither tells, it is the major version alone. Nothing where no such library is loaded, and outside Linux.
 *
 * @param maps the memory map of the process
 */
export function loadedCudaVersions(maps: string = memoryMap()): CudaVersions {
  const paths = new Set(maps.match(/\/.*$/gm))
  const cuda = versionOf('libcudart', 'cuda_runtime', paths)
  const cudnn = versionOf('libcudnn', 'cudnn', paths)
  return { ...(cuda !== undefined && { cuda }), ...(cudnn !== undefined && { cudnn }) }
}

function memoryMap(): string {
  try {
    return readFileSync('/proc/self/maps', 'utf8')
  } catch {
    return ''
  }
}

function versionOf(library: string, part: string, paths: ReadonlySet<string>): string | undefined {
  for (const path of paths) {
    const [name, version] = basename(path).split('.so.')
    if (name !== library || version === undefined) continue
    return version.includes('.') ? version : (wheelVersion(path, part) ?? version)
  }
  return undefined
}

/** `…/site-packages/nvidia/cudnn/lib/libcudnn.so.9` → the version of the wheel nvidia-cudnn-cu12. */
function wheelVersion(path: string, part: string): string | undefined {
  const packages = /^(.*)\/nvidia\/\w+\/lib$/.exec(dirname(path))?.[1]
  if (packages === undefined) return undefined
  const wheel = new RegExp(`^nvidia_${part}(?:_cu\\d+)?-([\\d.]+)\\.dist-info$`)
  return readdirSync(packages)
    .map((name) => wheel.exec(name)?.[1])
    .find((version) => version !== undefined)
}

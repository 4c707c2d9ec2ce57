import { lacking } from './install-error.ts'

/** @throws InstallError on what the installation does not know */
export function expectPlatform(platform: string = process.platform, isGlibc: boolean = hasGlibc()): void {
  if (platform === 'linux' && isGlibc) return
  const names: Record<string, string> = { linux: 'Linux with musl', darwin: 'macOS', win32: 'Windows' }
  throw lacking(
    `The installation of TensorFlow knows Linux with glibc only, and this is ${names[platform] ?? platform}. Set DDNET_TENSORFLOW_ADDON to the path of a tfjs_binding.node, or use another backend.`,
  )
}

function hasGlibc(): boolean {
  // Types of Node leave open what a report holds.
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime !== undefined
}

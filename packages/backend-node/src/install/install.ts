import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type LockOptions, withLock } from '@ddnet/ops/node'
import type { EnvironmentVariables } from '../environment.ts'
import { type Installation, installations, installationsFolder } from '../installations.ts'
import { type Context, type InstallEvent, phase } from './context.ts'
import { diskFull } from './disk-space.ts'
import { clear, discard, lockIn, partialIn, replace, scratch } from './folders.ts'
import { InstallError, lacking } from './install-error.ts'
import { planOf, type RequestedTensorFlow } from './plan.ts'
import { expectPlatform } from './platform.ts'
import { builtTrainingCheck, type Verified, verify } from './verify.ts'

export interface InstallOptions extends RequestedTensorFlow {
  readonly environment?: EnvironmentVariables
  readonly report?: (event: InstallEvent) => void
  /** Ends it; what was begun is taken away before the promise rejects. */
  readonly signal?: AbortSignal
  /** The command that trains three steps with an addon and on a device, its last two arguments; default: the one built with this package. */
  readonly trainingCheck?: readonly string[]
}

export interface Installed extends Installation {
  /** The device that trained three steps. */
  readonly device: string
  /** False when it was there already. */
  readonly isNew: boolean
}

/**
 * Brings TensorFlow into the user's cache, where `tensorflow()` finds it: its C library from its Python wheel or from a
 * TensorFlow that is here, and the addon compiled against it; then it trains three steps. It replaces an earlier
 * installation of its kind. Everything happens in a folder beside, which takes its name when all went well, so that an end at any
 * moment leaves the earlier state, and the next call clears away what was begun.
 *
 * @throws InstallError with the remedy; the signal's reason when it was aborted
 */
export async function installTensorFlow(options: InstallOptions = {}): Promise<Installed> {
  const { environment = process.env, report = () => {}, signal = new AbortController().signal } = options
  const { trainingCheck = builtTrainingCheck() } = options
  const context: Context = { environment, report, signal }
  expectPlatform()
  const root = installationsFolder(environment)
  const plan = await planOf(options, root, context)
  const check = (addon: string): Promise<Verified> =>
    phase(
      context,
      'verify',
      'three training steps',
      () => verify(trainingCheck, addon, plan.device, context),
      ({ device, losses }) =>
        `three training steps on ${device}, loss ${losses.map((loss) => loss.toFixed(3)).join(' → ')}`,
    )
  let isDamaged = false
  /** What is there and works, or undefined. */
  const present = async (): Promise<Installed | undefined> => {
    const found = await plan.present()
    if (found === undefined || !existsSync(found.addon)) return undefined
    try {
      const { device } = await check(found.addon)
      return { ...found, device, isNew: false }
    } catch (error) {
      if (!(error instanceof InstallError)) throw error
      isDamaged = true
      report({ type: 'note', text: `${error.message} It is installed again.` })
      return undefined
    }
  }
  const there = await present()
  if (there !== undefined) return there

  const make = await plan.prepare()
  try {
    await mkdir(root, { recursive: true })
    return await withLock(lockIn(root), waitingOptions(context), async () => {
      await clear(root)
      // Another process may have installed it while this one waited.
      const meanwhile = isDamaged ? undefined : await present()
      if (meanwhile !== undefined) return meanwhile
      const partial = partialIn(root)
      try {
        await mkdir(partial)
        await make(partial)
        const { device, version } = await check(join(partial, 'tfjs_binding.node'))
        const target = plan.target(version)
        await rm(join(partial, scratch), { recursive: true, force: true })
        signal.throwIfAborted()
        await replace(root, partial, target)
        return { ...target, device, isNew: true }
      } finally {
        await rm(partial, { recursive: true, force: true })
      }
    })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOSPC', 'EDQUOT'].includes(code)) throw diskFull(root, error)
    if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code)) {
      throw lacking(
        `'${root}' cannot be written (${code}). Change its permissions, or set DDNET_CACHE to a folder of yours.`,
        error,
      )
    }
    throw error
  }
}

const waitingOptions = ({ report, signal }: Pick<Context, 'report' | 'signal'>): LockOptions => ({
  onWait: (pid) => report({ type: 'note', text: `waiting for process ${pid ?? '?'}, which is installing or removing` }),
  signal,
})

/** The installation that `tensorflow()` takes: the best one in the user's cache. */
export const installedTensorFlow = (environment: EnvironmentVariables = process.env): Installation | undefined =>
  installations(installationsFolder(environment)).find(({ addon }) => existsSync(addon))

/**
 * Removes all installations, also unfinished ones, and returns those that were whole.
 */
export async function removeTensorFlow({
  environment = process.env,
  report = () => {},
  signal = new AbortController().signal,
}: Pick<InstallOptions, 'environment' | 'report' | 'signal'> = {}): Promise<Installation[]> {
  const root = installationsFolder(environment)
  if (!existsSync(root)) return []
  return withLock(lockIn(root), waitingOptions({ report, signal }), async () => {
    const found = installations(root)
    for (const { folder } of found) await discard(root, folder)
    await clear(root)
    return found
  })
}

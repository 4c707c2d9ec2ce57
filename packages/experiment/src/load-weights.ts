import { type Module, matcherOf, type StateDict } from '@ddnet/layers'
import { patternsOf } from './fine-tuning.ts'
import type { Config } from './settings/config.ts'
import { SettingsError } from './settings/settings-error.ts'

/** Weights from elsewhere: of a file, of another run. */
export interface GivenWeights {
  /** How messages call them: `resnet18.pth`. */
  readonly name: string
  readonly tensors: StateDict
  /** What else is there, by name, with the reason why it could not be read. */
  readonly unread?: Readonly<Record<string, string>>
  /** The names of what they were trained to tell apart, where that is known. */
  readonly classNames?: readonly string[]
}

/** What became of weights from elsewhere. */
export interface LoadedWeights {
  /** The names of what was taken. */
  readonly taken: readonly string[]
  /** What begins anew, with the reason. */
  readonly anew: readonly { readonly name: string; readonly reason: string }[]
  /** What stayed in the file. */
  readonly left: readonly string[]
  /** What the names in the file begin with, and those of the model do not. */
  readonly prefix: string | undefined
}

/**
 * Gives a model weights from elsewhere, by their names: PyTorch's, which are the model's own. Its other parameters have no values
 * afterwards, for `init` to draw.
 *
 * A prefix that all names have and the model's have not (`module.` of a data-parallel model, `model.`, `_orig_mod.`) is left out; the counts
 * of batches that old files lack are zero. The head begins anew where it has another size, or where the classes are others. Whatever else
 * is missing, left over or of another shape is an error, but for what `weightsExcept` names.
 *
 * @param classNames of the run's own data
 * @throws SettingsError naming what does not fit
 */
export function loadWeights(
  model: Module,
  { name: file, tensors: given, unread = {}, classNames: theirs }: GivenWeights,
  { model: { definition }, weightsExcept }: Pick<Config, 'model' | 'weightsExcept'>,
  classNames?: readonly string[],
): LoadedWeights {
  const { tensors, prefix } = withOwnNames(model, { ...(definition.weightNames?.(given) ?? given) })
  const except = patternsOf(weightsExcept).map((pattern) => ({ pattern, matcher: matcherOf(pattern) }))
  const head = [definition.head ?? []].flat().map(matcherOf)
  const isExcepted = (name: string) => except.some(({ matcher }) => matcher.test(name))
  const isHead = (name: string) => head.some((matcher) => matcher.test(name))

  const { missing, unexpected, different } = model.compareStateDict(tensors)
  const own = [...model.parameters().keys(), ...model.buffers().keys()]
  for (const { pattern, matcher } of except) {
    if ([...own, ...Object.keys(tensors)].some((name) => matcher.test(name))) continue
    throw new SettingsError(
      `weightsExcept: '${pattern}' names nothing of the model, and nothing in ${file}. Leave it out.`,
    )
  }
  const otherClasses = theirs !== undefined && classNames !== undefined && theirs.join('\n') !== classNames.join('\n')
  const isCount = (name: string) => name.endsWith('num_batches_tracked')
  const misfits = [
    ...different.map(({ name, found, expected }) => ({ name, reason: `${found} in the file, ${expected} here` })),
    ...missing
      .filter((name) => !isCount(name))
      .map((name) => ({ name, reason: name in unread ? `not read: ${unread[name]}` : 'not in the file' })),
  ]
  const headBeginsAnew = otherClasses || misfits.some(({ name }) => isHead(name) && !isExcepted(name))
  const beginsAnew = (name: string) => isExcepted(name) || (headBeginsAnew && isHead(name))

  const problems = [
    ...misfits
      .filter(({ name }) => !beginsAnew(name))
      .map(({ name, reason }) => ({ name, text: `${name} is ${reason}` })),
    ...unexpected
      .filter((name) => !isExcepted(name) && !isHead(name))
      .map((name) => ({ name, text: `${name} is in the file, and the model has none` })),
  ]
  if (problems.length > 0) {
    const parts = [...new Set(problems.map(({ name }) => name.split('.')[0]))]
    const remedy =
      Object.keys(given).length === unexpected.length
        ? `None of its names is one of this model: it is of another one. The model has ${own.slice(0, 3).join(', ')}, …; the file ${Object.keys(given).slice(0, 3).join(', ')}, ….`
        : `Give the model the options that it had there, or leave these out: weightsExcept=${parts.slice(0, 5).join(',')}`
    throw new SettingsError(
      `weights: ${file} does not fit ${definition.name}: ${problems
        .slice(0, 4)
        .map(({ text }) => text)
        .join('; ')}${problems.length > 4 ? `; and ${problems.length - 4} more` : ''}. ${remedy}`,
    )
  }
  const taken = Object.fromEntries(
    Object.entries(tensors).filter(([name]) => !beginsAnew(name) && !unexpected.includes(name)),
  )
  model.loadStateDict(taken, { strict: false })
  const reasons = new Map(misfits.map(({ name, reason }) => [name, reason]))
  const anew = own.filter(beginsAnew).map((name) => ({
    name,
    reason: isExcepted(name)
      ? 'as weightsExcept says'
      : (reasons.get(name) ?? (otherClasses ? 'the classes are others' : 'part of a head that does not fit')),
  }))
  return { taken: Object.keys(taken), anew, left: unexpected, prefix }
}

/** Without a prefix that all names have, where the model has more of the names then. */
function withOwnNames(model: Module, given: StateDict): { tensors: StateDict; prefix: string | undefined } {
  const names = Object.keys(given)
  const own = new Set([...model.parameters().keys(), ...model.buffers().keys()])
  const known = (strip: string) => names.filter((name) => own.has(name.slice(strip.length))).length
  let strip = ''
  for (;;) {
    const longer = prefixOf(names.map((name) => name.slice(strip.length)))
    if (longer === undefined) break
    if (known(strip + longer) <= known(strip) && known(strip) > 0) break
    strip += longer
  }
  if (strip === '' || known(strip) <= known('')) return { tensors: given, prefix: undefined }
  return {
    tensors: Object.fromEntries(Object.entries(given).map(([name, tensor]) => [name.slice(strip.length), tensor])),
    prefix: strip,
  }
}

/** The first part of all names, with its dot, where they have one and the same. */
function prefixOf(names: readonly string[]): string | undefined {
  const first = names[0]
  const at = first?.indexOf('.') ?? -1
  if (first === undefined || at < 0) return undefined
  const prefix = first.slice(0, at + 1)
  return names.every((name) => name.startsWith(prefix)) ? prefix : undefined
}

import type { Command } from 'commander'

/** A mistake in the command line, as commander words it. */
export interface Mistake {
  readonly text: string
  readonly command: Command
}

/**
 * What is wrong with a command line, and how to fix it: `--epochs=3` is a setting without dashes, `--device` is `--backend`.
 *
 * @param args the command line
 */
export async function usageOf({ text, command }: Mistake, args: readonly string[]): Promise<string> {
  const mistake = text.replace(/^error: /, '').trim()
  const [, option] = /^unknown option '([\s\S]*)'/.exec(mistake) ?? []
  const hint = option === undefined ? undefined : await optionHint(option, command, args)
  if (hint !== undefined) return `unknown option '${option}'. ${hint}`
  return withUsage(mistake, command)
}

async function optionHint(option: string, command: Command, args: readonly string[]): Promise<string | undefined> {
  // Loaded only for a mistake: it brings all settings.
  const { absentSetting, builtIn, settingCatalog, settingMeantBy } = await import('@ddnet/experiment')
  const { byPath, choices } = settingCatalog(builtIn)
  const [name = '', given] = option.split(/=([\s\S]*)/)
  const next = args[args.indexOf(option) + 1]
  const value = given ?? (next === undefined || next.startsWith('-') || next.includes('=') ? undefined : next)
  const meant = settingMeantBy(name, byPath.keys())
  const options = command.options.map(({ long }) => long)
  if (meant === 'backend' && options.includes('--backend')) return 'Try --backend, as in --backend webgpu'
  if (!options.includes('--config')) return undefined // takes no settings
  const reason = meant === undefined ? absentSetting(name) : undefined
  if (reason !== undefined) return `${reason}.`
  if (meant === undefined) return undefined
  const example = value ?? byPath.get(meant)?.example ?? 'PATH'
  const key = meant === 'data' && value !== undefined && !choices.get('data')?.names.includes(value) ? 'folder' : meant
  return `Settings have no dashes: ${key}=${/\s/.test(example) ? `'${example}'` : example}`
}

/** The mistake, and how the command is used where commander names no remedy itself. */
function withUsage(mistake: string, command: Command): string {
  if (/ is invalid\. |\(Did you mean /.test(mistake)) return mistake
  const path = [command.name()]
  for (let parent = command.parent; parent !== null; parent = parent.parent) path.unshift(parent.name())
  return `${mistake.replace(/\.$/, '')}. Usage: ${path.join(' ')} ${command.usage()}`
}

import { relative } from 'node:path'
import { shellWord } from './shell-word.ts'

/** Variables of the environment. */
type Variables = Readonly<Record<string, string | undefined>>

/** How to call us from the shell that called us, for the commands that we recommend. */
export interface CommandNames {
  /** `ddnet`, or whatever stands for it. */
  readonly ddnet: string
  /** What trains for the first time: `ddnet train cifar10`. */
  readonly train: string
  /** What trains on data that are named in words: `ddnet train mnist`. */
  trainOn(data: string): string
  /** What goes on with a run on such data: `ddnet train --resume`. */
  resume(data: string): string
}

/** What `npm start` trains on. */
const firstData = 'cifar10'

/** What `ddnet` is called when it is the built file of a clone that is run by its path: `node apps/cli/dist/main.mjs`. */
export function nameOfClone(script: string, cwd: string): string | undefined {
  if (!/[\\/]apps[\\/]cli[\\/]dist[\\/]main\.mjs$/.test(script)) return undefined
  return `node ${shellWord(relative(cwd, script))}`
}

/** `npm start` says in `DDNET_TRAIN_COMMAND` what works in its shell. */
export function commandNames({ npm_command, DDNET_COMMAND, DDNET_TRAIN_COMMAND }: Variables): CommandNames {
  const ddnet = DDNET_COMMAND ?? (npm_command === 'exec' ? 'npx ddnet' : 'ddnet')
  const started = (data: string) => (data === firstData ? DDNET_TRAIN_COMMAND : undefined)
  const trainOn = (data: string) => started(data) ?? `${ddnet} train ${data}`
  const resume = (data: string) => `${started(data) ?? `${ddnet} train`} --resume`
  return { ddnet, train: trainOn(firstData), trainOn, resume }
}

const command =
  /(?:npx )?\bddnet (?=(?:train|find-lr|eval|predict|generate|visualize|export|prune|search|runs|data|init|doctor|bench|backend|config)\b)/g

/** A text with its commands named as this shell calls them, which messages name by `ddnet` or `npx ddnet`. */
export const asCalled = (text: string, env: Variables): string =>
  text.replace(command, () => `${commandNames(env).ddnet} `)

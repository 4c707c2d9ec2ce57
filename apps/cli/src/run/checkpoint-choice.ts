import { InvalidArgumentError } from 'commander'

/** What `--checkpoint` takes, for help and messages. */
export const checkpointNames = 'last, best or step=NUMBER'

/**
 * The checkpoint that `--checkpoint` names, as its folder is called: `step=8` is `step=000008`.
 * @throws InvalidArgumentError for anything else
 */
export function checkpointChoice(text: string): string {
  if (text === 'last' || text === 'best') return text
  const step = Number(/^step=(\d+)$/.exec(text)?.[1] ?? Number.NaN)
  if (!Number.isSafeInteger(step)) throw new InvalidArgumentError(`Expected ${checkpointNames}.`)
  return `step=${String(step).padStart(6, '0')}`
}

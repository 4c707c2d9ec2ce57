import { styleText } from 'node:util'
import type { Io, Output } from './io.ts'

type Format = Parameters<typeof styleText>[0]

/** Text with a look, or the bare text where there is no color. */
export type Style = (format: Format, text: string) => string

export const plain: Style = (_format, text) => text

// Node would look at its own stdout.
const colored: Style = (format, text) => styleText(format, text, { validateStream: false })

/**
 * `NO_COLOR` (not empty) turns color off, else `FORCE_COLOR` (not `0` or `false`) turns it on, else a terminal has it.
 *
 * @see https://no-color.org, https://force-color.org
 */
export function styleFor(output: Output, env: Io['env']): Style {
  if (env.NO_COLOR) return plain
  if (env.FORCE_COLOR !== undefined) return ['0', 'false'].includes(env.FORCE_COLOR) ? plain : colored
  return output.isTTY === true && env.TERM !== 'dumb' ? colored : plain
}

/** Whether a line can be rewritten in place: on a terminal that is not a build server's. */
export const isLive = (output: Output, env: Io['env']): boolean =>
  output.isTTY === true && env.TERM !== 'dumb' && (env.CI === undefined || env.CI === '' || env.CI === 'false')

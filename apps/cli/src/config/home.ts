import { homedir } from 'node:os'

/**
 * A path with `~` for the user's folder written out. A shell does that for a word that begins with it, but not behind
 * `folder=` or `--config=`, in a file or in quotes.
 *
 * @param path `~`, `~/photos`; anything else stays, `~name` too
 */
export const atHome = (path: string, home: string = homedir()): string => path.replace(/^~(?=$|[/\\])/, () => home)

/** A word of the command line with the path in it written out: `folder=~/photos`, `--config=~/a.yaml`, `~/photos`. */
export function wordAtHome(word: string, home: string = homedir()): string {
  const [, name = '', value = ''] = /^([\w.-]+=)?([\s\S]*)$/.exec(word) ?? []
  return name + atHome(value, home)
}

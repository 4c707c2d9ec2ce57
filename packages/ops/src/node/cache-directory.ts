import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Where DDNet keeps what can be made again: `$DDNET_CACHE`, else `ddnet` in the user's cache folder
 * (`$XDG_CACHE_HOME`, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows, `~/.cache`).
 */
export function cacheDirectory(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  if (environment.DDNET_CACHE) return environment.DDNET_CACHE
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'ddnet')
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'ddnet')
  if (platform === 'win32') return join(environment.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'ddnet')
  return join(homedir(), '.cache', 'ddnet')
}

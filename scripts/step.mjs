/**
 * Runs an action under a status line with its seconds: rewritten in place on a terminal, one line at the end elsewhere.
 * What takes no time is not worth a line.
 */
export async function step(label, action) {
  const { stderr, env } = process
  const live = stderr.isTTY === true && !env.CI && env.TERM !== 'dumb'
  const start = Date.now()
  const seconds = () => ((Date.now() - start) / 1000).toFixed(0)
  const show = () => stderr.write(`\r${label} … ${seconds()} s`)
  const timer = live ? setInterval(show, 1000) : undefined
  try {
    return await action()
  } finally {
    clearInterval(timer)
    if (live && Date.now() - start >= 1000) stderr.write('\r\x1b[K')
    if (Date.now() - start >= 1000) stderr.write(`${label}: ${((Date.now() - start) / 1000).toFixed(1)} s\n`)
  }
}

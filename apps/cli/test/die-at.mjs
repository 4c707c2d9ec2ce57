// `node --import die-at.mjs …`: SIGKILL for this process at the moment of its files that DIE_AT_MOMENT counts to. An operation on files has three
// moments: before it begins, while it runs, and when it is done. With COUNT_MOMENTS_INTO=FILE it writes there how many there were.
import { writeFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const { DIE_AT_MOMENT, COUNT_MOMENTS_INTO } = process.env
const dieAt = Number(DIE_AT_MOMENT ?? Number.POSITIVE_INFINITY)
let moments = 0
const moment = () => {
  if (++moments === dieAt) process.kill(process.pid, 'SIGKILL')
}

function watch(object, names) {
  for (const name of names) {
    const original = object[name]
    object[name] = function (...words) {
      moment()
      const result = original.apply(this, words)
      moment()
      result.then(moment, moment)
      return result
    }
  }
}

const handle = await fs.open(process.execPath)
watch(Object.getPrototypeOf(handle), [
  'write',
  'writev',
  'writeFile',
  'appendFile',
  'truncate',
  'sync',
  'datasync',
  'close',
])
await handle.close()
moments = 0
watch(fs, [
  'open',
  'writeFile',
  'appendFile',
  'rename',
  'rm',
  'unlink',
  'mkdir',
  'rmdir',
  'symlink',
  'link',
  'truncate',
])
syncBuiltinESMExports()
if (COUNT_MOMENTS_INTO !== undefined) process.on('exit', () => writeFileSync(COUNT_MOMENTS_INTO, String(moments)))

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { tuple } from '@ddnet/testing'
import { loadCheckpoint } from '@ddnet/trainer'
import { expect } from 'vitest'
import { checkpointOf, checksum, index, log } from '../trained.ts'

// Each runs as `sh` in a namespace of its own, which takes its disk with it. $1: node, $2: script, $3: disk, $4: where copies go,
// $5: kB that others have on the disk, $6: steps.
const full = `
mount -t tmpfs -o size=1m tmpfs "$3"
head -c "$5"k /dev/zero > "$3/of-others"
if "$1" "$2" "$3" $6 $6 > /dev/null 2> "$4/stderr"; then exit 9; fi
rm "$3/of-others"
cp -r "$3" "$4/failed"
"$1" "$2" "$3" $6 2 > /dev/null
cp -r "$3" "$4/fixed"`

const readOnly = `
mount -t tmpfs -o size=8m tmpfs "$3"
"$1" "$2" "$3" $6 2 > /dev/null 2> "$4/stderr" & training=$!
until [ -e "$3/checkpoints/index.json" ]; do sleep 0.02; done
until mount -o remount,ro "$3" 2> /dev/null; do sleep 0.01; done # not while a file is open for writing
if wait $training; then exit 9; fi
mount -o remount,rw "$3"
cp -r "$3" "$4/failed"
"$1" "$2" "$3" $6 2 > /dev/null
cp -r "$3" "$4/fixed"`

const failures = {
  full: { shell: full, code: 'ENOSPC' },
  readOnly: { shell: readOnly, code: 'EROFS' },
}
const steps = 80

/** An undisturbed run, to compare with. */
export async function undisturbed(script: string, folder: string): Promise<string> {
  const { code, stderr } = await ended(process.execPath, [script, folder, String(steps), String(steps)])
  expect(code, stderr).toBe(0)
  return folder
}

/**
 * Trains on a disk that fails, fixes the disk, and trains to the end. The failure must be told as what it is, the last
 * checkpoint must be that of the undisturbed run `whole`, and so must be the end and the log.
 *
 * @returns the step of the last checkpoint when the disk had failed
 */
export async function trainOnFailingDisk(
  script: string,
  newFolder: () => string,
  { failure, whole, otherKb = 0 }: { failure: keyof typeof failures; whole: string; otherKb?: number },
): Promise<number> {
  const { shell, code: problem } = failures[failure]
  const [disk, copies] = [newFolder(), newFolder()]
  const parameters = [process.execPath, script, disk, copies, String(otherKb), String(steps)]
  const { code, stderr } = await ended('unshare', ['-rm', 'sh', '-ec', shell, 'sh', ...parameters])
  expect(code, stderr).toBe(0)

  const said = readFileSync(path.join(copies, 'stderr'), 'utf8')
  expect(said).toMatch(/^(Checkpoint|Log)Error: .*could not write/m)
  expect(said).toContain(problem)

  const [failed, fixed] = tuple(
    ['failed', 'fixed'].map((name) => path.join(copies, name)),
    2,
  )
  const { step } = await loadCheckpoint(path.join(failed, 'checkpoints/last'))
  expect(checksum(failed, checkpointOf(step))).toBe(checksum(whole, checkpointOf(step)))
  expect(checksum(fixed, checkpointOf(steps))).toBe(checksum(whole, checkpointOf(steps)))
  expect(index(fixed)).toEqual(index(whole))
  expect(log(fixed)).toEqual(log(whole))
  return step
}

async function ended(command: string, parameters: string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, stderr }
}

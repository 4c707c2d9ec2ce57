import { mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { random } from '@ddnet/ops'
import { itemAt } from '@ddnet/testing'
import { diskFiles } from '../src/files/disk-files.ts'
import { surveyOf } from '../src/files/files.ts'
import { temporaryFolder } from './temporary-folder.ts'

/**
 * Makes folders with up to 30 files, folders and links to any of them, to themselves, out of the folder and to nothing, and
 * lists each: it ends, names only files that can be read, every file at its own name, and never a folder within itself.
 */
export async function listLinkedFolders(count: number, seed: number): Promise<{ names: number; refused: number }> {
  const result = { names: 0, refused: 0 }
  for (let index = 0; index < count; index++) {
    const draws = [...random.uniformValues(random.key(seed).fold(index), 100)]
    const draw = (below: number) => Math.floor((draws.pop() ?? 0) * below)
    const [root, outside] = [await temporaryFolder(), await temporaryFolder()]
    await writeFile(join(outside, 'out.png'), '')
    const folders = [root]
    const targets = [root, outside, join(outside, 'out.png'), join(root, 'nothing')]
    const files: string[] = []
    for (let entry = 0; entry < 3 + draw(12); entry++) {
      const parent = itemAt(folders, draw(folders.length))
      const path = join(parent, `${entry}${draw(2) === 0 ? '.png' : ''}`)
      const kind = draw(4)
      if (kind === 0) {
        await mkdir(path)
        folders.push(path)
      } else if (kind === 1) {
        await writeFile(path, '')
        files.push(relative(root, path))
      } else await symlink(itemAt(targets, draw(targets.length)), path)
      targets.push(path)
    }
    const { names, notFiles } = await surveyOf(diskFiles(root))
    for (const file of files) if (!names.includes(file)) throw new Error(`${seed}/${index}: ${file} is not listed`)
    if (new Set(names).size !== names.length) throw new Error(`${seed}/${index}: a name is listed twice`)
    for (const name of names) {
      await diskFiles(root).read(name)
      const above = await Promise.all(
        name
          .split('/')
          .slice(0, -1)
          .map((_, at, parts) => realpath(join(root, ...parts.slice(0, at + 1)))),
      )
      if (new Set([await realpath(root), ...above]).size !== above.length + 1)
        throw new Error(`${seed}/${index}: ${name} leads through a folder twice`)
    }
    result.names += names.length
    result.refused += notFiles.length
    await rm(root, { recursive: true })
    await rm(outside, { recursive: true })
  }
  return result
}

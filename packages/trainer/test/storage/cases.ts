import { readTensorBoardRecords } from '@ddnet/formats'
import {
  type Control,
  checkpoint,
  filesIn,
  listCheckpoints,
  loadCheckpoint,
  packStorage,
  readCheckpointIndex,
  type Snapshot,
  type Storage,
  StorageLocked,
  tarStorage,
  tensorBoard,
} from '@ddnet/trainer'

// What every storage must do, wherever it lies: cases that run in Node and in a page, and throw where it does not.

export interface StorageCase {
  readonly name: string
  /** @param storage empty */
  run(storage: Storage): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = async (storage: Storage, name: string): Promise<string | undefined> => {
  const found = await storage.readFile(name)
  return found && new TextDecoder().decode(found)
}

function same(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: got ${a}, expected ${b}`)
}

async function fails(work: () => Promise<unknown>, message: RegExp | undefined, what: string): Promise<void> {
  let problem: unknown
  try {
    await work()
  } catch (error) {
    problem = error
  }
  if (problem === undefined) throw new Error(`${what}: expected an error, got none`)
  if (message !== undefined && !message.test(String((problem as Error).message))) throw problem
}

const listed = async (storage: Storage): Promise<string[]> => (await storage.list()).sort()

export const storageCases: readonly StorageCase[] = [
  {
    name: 'has nothing in it at first, and a folder that is not there has nothing either',
    async run(storage) {
      for (const each of [storage, storage.folder('none'), storage.folder('none').folder('neither')]) {
        same(await each.list(), [], 'list')
        same(await each.kind('a'), undefined, 'kind')
        same(await each.readFile('a'), undefined, 'readFile')
      }
    },
  },
  {
    name: 'makes and replaces a file, which is a copy of what it was given, in folders that it makes',
    async run(storage) {
      const given = bytes('one')
      const folder = storage.folder('a').folder('b')
      await folder.replaceFile('x', given)
      given.fill(0)
      same(await text(folder, 'x'), 'one', 'made')
      await folder.replaceFile('x', bytes('another'))
      same(await text(folder, 'x'), 'another', 'replaced')
      await folder.replaceFile('empty', new Uint8Array(0))
      same(await text(folder, 'empty'), '', 'empty')
      same([await listed(storage), await listed(folder)], [['a'], ['empty', 'x']], 'list')
      same([await storage.kind('a'), await folder.kind('x')], ['folder', 'file'], 'kind')
      await folder.removeFile('x')
      await folder.removeFile('none')
      same(await listed(folder), ['empty'], 'removed')
    },
  },
  {
    name: 'appends to a file, and to one that is not there',
    async run(storage) {
      await storage.append('log', bytes('one\n'))
      await storage.flush('log')
      await storage.append('log', bytes('two\n'))
      await storage.append('log', new Uint8Array(0))
      await storage.flush('log')
      same(await text(storage, 'log'), 'one\ntwo\n', 'log')
    },
  },
  {
    name: 'makes a folder with files, or nothing of it',
    async run(storage) {
      await storage.writeFolder('whole', { x: bytes('1'), y: bytes('2') })
      same(await listed(storage.folder('whole')), ['x', 'y'], 'whole')
      await fails(() => storage.writeFolder('broken', { x: bytes('1'), 'no/name': bytes('2') }), undefined, 'broken')
      same([await listed(storage), await storage.kind('broken')], [['whole'], undefined], 'nothing of it')
      await fails(() => storage.writeFolder('whole', { z: bytes('3') }), undefined, 'one that is there')
      same(await text(storage.folder('whole'), 'x'), '1', 'as it was')
    },
  },
  {
    name: 'renames a folder to a name that is free, and removes one',
    async run(storage) {
      for (const name of ['a', 'b', 'taken', 'taken-2']) await storage.writeFolder(name, { x: bytes(name) })
      same(await storage.renameFolder('a', 'free'), 'free', 'free')
      same(await storage.renameFolder('b', 'taken'), 'taken-3', 'taken')
      same(await listed(storage), ['free', 'taken', 'taken-2', 'taken-3'], 'list')
      same(await text(storage.folder('taken-3'), 'x'), 'b', 'with what is in it')
      await storage.removeFolder('taken')
      same(await listed(storage), ['free', 'taken-2', 'taken-3'], 'removed')
      same(await storage.folder('taken').readFile('x'), undefined, 'of one that is removed')
    },
  },
  {
    name: 'takes no file for a folder, and no folder for a file',
    async run(storage) {
      await storage.replaceFile('file', bytes('1'))
      await storage.folder('folder').replaceFile('x', bytes('1'))
      await fails(() => storage.folder('file').replaceFile('x', bytes('2')), undefined, 'a file as a folder')
      await fails(() => storage.readFile('folder'), /folder: it is not a file\. Remove it\.$/, 'a folder as a file')
      await fails(() => storage.replaceFile('folder', bytes('2')), undefined, 'a folder replaced')
      await fails(() => storage.append('folder', bytes('2')), undefined, 'a folder appended to')
      same([await text(storage, 'file'), await text(storage.folder('folder'), 'x')], ['1', '1'], 'as they were')
    },
  },
  {
    name: 'has one writer, until it lets go; another folder has its own',
    async run(storage) {
      const [run, other] = [storage.folder('run'), storage.folder('other')]
      for (const each of [run, other]) await each.replaceFile('config', bytes('1'))
      const lock = await run.lock('the first')
      for (const again of [run, storage.folder('run')]) {
        const problem = await again.lock('the second').then(
          () => undefined,
          (error: unknown) => error,
        )
        if (!(problem instanceof StorageLocked)) throw new Error(`expected StorageLocked, got ${problem}`)
      }
      const free = await other.lock('another')
      await free.release()
      await lock.release()
      const next = await run.lock('the second')
      await next.release()
      same(await listed(run), ['config'], 'what is left')
    },
  },
  {
    name: 'keeps checkpoints: the newest ones and the best, the last one and the index',
    async run(storage) {
      await saved(storage, { steps: [2, 4, 6, 8], best: 4 })
      same(
        (await listCheckpoints(storage)).map(({ step }) => step),
        [8, 6, 4],
        'kept',
      )
      same((await loadCheckpoint('last', storage)).step, 8, 'last')
      same((await loadCheckpoint('best', storage)).step, 4, 'best')
      const { model, best } = await loadCheckpoint('step=000006', storage)
      same([...(model['w']?.data ?? [])], [6, 6.5], 'weights')
      same(best?.step, 4, 'the best by then')
      same((await readCheckpointIndex(storage))?.last, { name: 'step=000008', step: 8 }, 'index')
    },
  },
  {
    name: 'goes on behind a checkpoint: what came later is set aside, or refused',
    async run(storage) {
      await saved(storage, { steps: [2, 4, 6], best: 4 })
      await fails(() => saved(storage, { steps: [6], from: 4, best: 4 }), /already goes on to step 6/, 'refused')
      await saved(storage, { steps: [6], from: 4, best: 4, later: 'setAside' })
      const names = (await listed(storage)).filter((name) => !['last', 'best'].includes(name))
      same(names, ['index.json', 'set-aside.step=000006', 'step=000004', 'step=000006'], 'list')
    },
  },
  {
    name: 'tells a damaged checkpoint, and which other one is whole',
    async run(storage) {
      await saved(storage, { steps: [2, 4], best: 2 })
      await storage.folder('step=000004').replaceFile('model.safetensors', bytes('gone'))
      await fails(
        () => loadCheckpoint('last', storage),
        /step=000004\): model\.safetensors is damaged: .* Other checkpoints of the run: step=000002\.$/,
        'damaged',
      )
      await storage.removeFolder('step=000004')
      await fails(() => loadCheckpoint('last', storage), /there is no checkpoint .*last \(step=000004\)/, 'missing')
    },
  },
  {
    name: 'has a log for TensorBoard, which is cut where a run goes on',
    async run(storage) {
      await logged(storage, 0, [1, 2, 3, 4])
      await logged(storage, 2, [3])
      const files = (await filesIn(storage)).map(({ name, bytes }) => {
        const told = readTensorBoardRecords(bytes).filter(({ tags }) => tags.length > 0)
        return [name.replace(/\d{9,}/, 'TIME'), told.map(({ step }) => step)]
      })
      const name = 'events.out.tfevents.TIME.ddnet'
      same(
        files,
        [
          [`${name}.0`, [1, 2]],
          [`${name}.2`, [3]],
        ],
        'steps that the files tell of',
      )
    },
  },
  {
    name: 'packs into a tar file and unpacks from one, names of any length',
    async run(storage) {
      await saved(storage.folder('checkpoints'), { steps: [2, 4], best: 2 })
      await storage.folder('é'.repeat(40)).folder('deep'.repeat(20)).replaceFile('ü.txt', bytes('long'))
      await storage.replaceFile('config.yaml', bytes('seed: 1\n'))
      const tar = await packStorage(storage, { root: 'run/' })
      const unpacked = tarStorage('run.tar', tar, 'run/')
      const plain = async (each: Storage) => (await filesIn(each)).map(({ name, bytes }) => [name, [...bytes]])
      same(await plain(unpacked), await plain(storage), 'files')
      same((await loadCheckpoint('best', unpacked.folder('checkpoints'))).step, 2, 'best')
    },
  },
]

const snapshotOf = (step: number): Snapshot => ({
  step,
  phase: 'step',
  model: { w: { dtype: 'float32', shape: [2], data: Float32Array.of(step, step + 0.5) } },
  optimizer: { step, tensors: {} },
  loader: { epoch: 0, position: step },
  key: { high: 1, low: 2 },
  running: null,
})

/** Steps of a run that saves after each of them, as a trainer would tell of them. */
async function saved(
  directory: Storage,
  options: { steps: readonly number[]; best: number; from?: number; later?: 'setAside' },
): Promise<void> {
  const { steps, best, from = 0, later } = options
  const callback = checkpoint({ directory, every: 1, keep: 2, ...(later && { later }) })
  const control = (step: number): Control => ({
    stop: () => {},
    snapshot: async () => snapshotOf(step),
    format: String,
  })
  await callback.onStart?.(startOf(from), control(from))
  for (const step of steps) {
    callback.needsState?.(step)
    const event = { step, epoch: 1, loss: 1, learningRate: 0.1, batchSize: 1, seconds: 0, dataSeconds: 0 }
    await callback.onStep?.(event, control(step))
    const score = step === best ? 0.9 : 0.1
    const monitored = { name: 'accuracy', value: score, better: 'higher' as const }
    const validation = {
      step,
      epoch: 1,
      train: { loss: 1 },
      validation: { loss: 1, accuracy: score },
      seconds: 0,
      learningRate: 0.1,
    }
    await callback.onValidation?.({ ...validation, monitored }, control(step))
  }
}

const startOf = (startStep: number) => ({ totalSteps: 8, stepsPerEpoch: 8, epochs: 1, startStep })

async function logged(to: Storage, from: number, steps: readonly number[]): Promise<void> {
  const callback = tensorBoard({ to, every: 1 })
  const control: Control = { stop: () => {}, snapshot: async () => snapshotOf(from), format: String }
  await callback.onStart?.(startOf(from), control)
  for (const step of steps) {
    const event = { step, epoch: 1, loss: 1, learningRate: 0.1, batchSize: 1, seconds: 0, dataSeconds: 0 }
    await callback.onStep?.(event, control)
  }
  await callback.flush?.()
}

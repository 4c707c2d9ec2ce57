import {
  type ClassificationSample,
  type Dataset,
  decodeImage,
  directoryFiles,
  type Files,
  imageFolder,
  maskFolder,
  mnist,
  pickedFiles,
  servedFiles,
  workerDataset,
} from '@ddnet/datasets'
import { itemAt, lastItem, tuple } from '@ddnet/testing'

const photoNames = ['cat/1.png', 'dog/gray.png', 'dog/transparent.png', 'dog/turned.jpg']
const served = servedFiles('photos', { names: photoNames })

const all = <T>({ length, get }: Dataset<T>): Promise<T[]> =>
  Promise.all(Array.from({ length }, (_, index) => get(index)))
const plain = (samples: ClassificationSample[]) =>
  samples.map(({ image, label }) => ({ pixels: [...image.data], shape: image.shape, label }))

/** The photographs in the page's own storage. */
async function stored(): Promise<Files> {
  const root = await navigator.storage.getDirectory()
  for (const name of photoNames) {
    const [folder, file] = tuple(name.split('/'), 2)
    const handle = await (await root.getDirectoryHandle(folder, { create: true })).getFileHandle(file, { create: true })
    const writable = await handle.createWritable()
    await writable.write(new Uint8Array(await served.read(name)))
    await writable.close()
  }
  return directoryFiles(root)
}

/** The photographs as somebody would choose their folder. */
async function picked(): Promise<Files> {
  const files = await Promise.all(
    photoNames.map(async (name) => {
      const file = new File([new Uint8Array(await served.read(name))], lastItem(name.split('/')))
      Object.defineProperty(file, 'webkitRelativePath', { value: `photos/${name}` })
      return file
    }),
  )
  return pickedFiles(files)
}

/** The pixels of a file, or why there are none. */
async function decodeFile(name: string): Promise<number[]> {
  const file = new Uint8Array(await (await fetch(`images/${name}`)).arrayBuffer())
  return [...(await decodeImage(file, name)).data]
}

/** Images and their masks, of photos of every orientation, as files of `turned/` have them. */
async function turned() {
  const names = ['jpeg', 'png', 'webp'].flatMap((kind) => [1, 2, 3, 4, 5, 6, 7, 8].map((at) => `${kind}${at}`))
  const listed = names.flatMap((name) => [`images/${name}.${name.slice(0, -1)}`, `masks/${name}.png`])
  const folder = await maskFolder(servedFiles('turned', { names: listed }))
  const samples = await all(folder)
  return samples.map(({ image, mask }, at) => ({
    name: itemAt(folder.names, at),
    shape: image.shape,
    bright: [...mask.data.keys()].filter((pixel) => itemAt(image.data, 3 * pixel) > 128),
    masked: [...mask.data.keys()].filter((pixel) => mask.data[pixel]),
  }))
}

async function look() {
  const worker = () => new Worker(new URL('./photos.worker.ts', import.meta.url), { type: 'module' })
  const inWorkers = await workerDataset<ClassificationSample>(worker)
  const masks = servedFiles('cells', { names: ['images/palette4.png', 'masks/palette4.png'] })
  const digits = await mnist(servedFiles('mnist'))
  const damaged = await imageFolder(servedFiles('photos', { names: ['cat/none.png', 'cat/text.png'] }))
  const reasons = await Promise.all([0, 1].map((index) => damaged.get(index).catch(String)))
  const names: string[] = await (await fetch('images.json')).json()
  const images = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await decodeFile(name).catch(String)] as const)),
  )
  return {
    images,
    served: plain(await all(await imageFolder(served))),
    stored: plain(await all(await imageFolder(await stored()))),
    picked: plain(await all(await imageFolder(await picked()))),
    workers: plain(await all(inWorkers)),
    mask: [...(await (await maskFolder(masks)).get(0)).mask.data],
    digits: [...(digits.test.labels as Uint8Array)],
    reasons,
    turned: await turned(),
  }
}

declare global {
  var looked: ReturnType<typeof look>
}
globalThis.looked = look()

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { decodeSafetensors, encodeSafetensors } from '@ddnet/formats'
import { init } from '@ddnet/layers'
import { imageNet, ResNet } from '@ddnet/models'
import { cifar10Weights } from '@ddnet/models/cifar10'
import { random } from '@ddnet/ops'
import { fixtureUrl, portOf, useBackend } from '@ddnet/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { writePhotos } from './photos.ts'
import { afterImages, type Session, session } from './session.ts'

/** Written by PyTorch: fixtures/make_weights.py, a convnet of seven classes. */
const fixture = (name: string) => readFileSync(fixtureUrl(`weights/${name}`))
const given = decodeSafetensors(fixture('convnet.safetensors')).tensors

const small = ['data.size=8', 'batchSize=4', 'epochs=1', 'seed=1']
const convnet = ['model=convnet', 'model.channels=[4,6]']

async function withPhotos(files: Readonly<Record<string, Uint8Array>> = {}): Promise<Session> {
  const shell = session()
  await writePhotos(join(shell.cwd, 'photos'), { cats: 8, dogs: 8 })
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(shell.cwd, name), bytes)
  return shell
}

const tensorsOf = (shell: Session, run: string) =>
  decodeSafetensors(readFileSync(join(shell.cwd, run, 'checkpoints/last/model.safetensors'))).tensors
const text = (shell: Session, path: string) => readFileSync(join(shell.cwd, path), 'utf8')
const bytesOf = (shell: Session, run: string) =>
  readFileSync(join(shell.cwd, run, 'checkpoints/last/model.safetensors')).toString('base64')

describe('weights=FILE', () => {
  test.each(['training.pt', 'convnet.safetensors'])('%s is what a run begins with, but for its head', async (file) => {
    const shell = await withPhotos({ [file]: fixture(file) })
    const { code, stderr } = await shell.run(
      ...['train', 'folder=photos', ...small, ...convnet],
      ...[`weights=${file}`, 'freeze=features.*', 'frozenNorms=keep', 'name=a'],
    )
    expect([code, stderr]).toEqual([0, expect.stringContaining(`weights   ${file}: 344 of 358 parameters\n`)])
    expect(stderr).toContain('anew: head.weight: [7,6] in the file, [2,6] here\n')
    expect(stderr).toContain('anew: head.bias: [7] in the file, [2] here\n')
    expect(stderr.includes('its names begin with module., which is left out')).toBe(file === 'training.pt')
    expect(stderr.replace(/\s+/g, ' ')).toContain(
      'frozen: features.*, 344 of 358 parameters; its norms keep their statistics ',
    )
    const trained = tensorsOf(shell, 'runs/a')
    for (const [name, tensor] of Object.entries(given))
      if (name.startsWith('features.')) expect(trained[name], name).toEqual(tensor)
    expect(trained['head.weight']?.shape).toEqual([2, 6])
    expect(parse(text(shell, 'runs/a/config.yaml'))).toMatchObject({
      weights: file,
      freeze: 'features.*',
      headFirst: 0,
    })
  })

  test.each<[string[], string]>([
    [
      ['weights=none.pt'],
      'ddnet: weights=none.pt: there is no such file. Give a file (.safetensors, .pt), the folder of a run, hf:OWNER/NAME or shipped.\n',
    ],
    [['weights=photos'], 'ddnet: weights=photos: it is a folder, and no run.'],
    [['weights=net.pt', 'model=ddnet', 'model.channels=[4]'], 'ddnet: weights: net.pt does not fit ddnet: '],
    [
      ['weights=net.pt', ...convnet, 'weightsExcept=fc'],
      "ddnet: weightsExcept: 'fc' names nothing of the model, and nothing in net.pt.",
    ],
    [
      ['weights=net.pt', ...convnet, 'freeze=layer1.*'],
      "ddnet: freeze: 'layer1.*' names nothing of the model. Its parts are features, head, ",
    ],
    [
      ['weights=code.pt', ...convnet],
      'ddnet: code.pt: it names posix.system, and tensors, numbers, texts, lists and dicts alone are read: nothing in a file is run',
    ],
    [
      ['weights=old.pt', ...convnet],
      'ddnet: old.pt: expected a PyTorch checkpoint (.pt or .pth), got a PyTorch file of before 2020',
    ],
    [
      ['weights=page.pt', ...convnet],
      'ddnet: page.pt: this is not a safetensors file, but a web page. Download it again.',
    ],
    [
      ['weights=hf:me', ...convnet],
      'ddnet: weights=hf:me: expected hf:OWNER/NAME, hf:OWNER/NAME@REVISION or hf:OWNER/NAME/FILE',
    ],
  ])('%j is refused in one line, and makes no run', async (words, message) => {
    const formats = (name: string) =>
      readFileSync(new URL(`../../../packages/formats/fixtures/${name}`, import.meta.url))
    const shell = await withPhotos({
      'net.pt': fixture('convnet.pt'),
      'code.pt': formats('pytorch/refused-code.pt'),
      'old.pt': formats('mistaken/old.pt'),
      'page.pt': Buffer.from('<!doctype html><html>'),
    })
    const { code, stderr } = await shell.run('train', 'folder=photos', ...small, ...words)
    expect(stderr).toContain(message)
    expect([1, 2]).toContain(code)
    expect(() => readFileSync(join(shell.cwd, 'runs/photos/config.yaml'))).toThrow('ENOENT')
  })
})

test('of a model that others have trained for ImageNet, a file brings the normalisation, unless it is said', async () => {
  await useBackend('cpu')
  const state = await init(new ResNet({ depth: 18, classes: 3, width: 4 }), random.key(1)).stateDict()
  const shell = await withPhotos({ 'resnet.safetensors': encodeSafetensors(state) })
  const words = [
    'data.size=64',
    'batchSize=4',
    'epochs=1',
    'model=resnet18',
    'model.width=4',
    'weights=resnet.safetensors',
  ]
  const { code, stderr } = await shell.run('train', 'folder=photos', ...words, 'name=a')
  expect([code, stderr.replaceAll(/\s+/g, ' ')]).toEqual([
    0,
    expect.stringContaining(
      'images data.mean: [0.485,0.456,0.406], data.std: [0.229,0.224,0.225], as weights of others for resnet18 expect',
    ),
  ])
  expect(parse(text(shell, 'runs/a/config.yaml'))).toMatchObject({
    'data.mean': imageNet.mean,
    'data.std': imageNet.std,
  })
  const config = await shell.run('config', 'folder=photos', ...words)
  expect(parse(config.stdout)).toMatchObject({ 'data.mean': imageNet.mean, 'data.std': imageNet.std })
  const own = await shell.run('train', 'folder=photos', ...words, 'data.mean=0.5', 'data.std=0.5', 'name=b')
  expect([own.code, own.stderr]).toEqual([0, expect.not.stringContaining('as weights of others')])
  expect(parse(text(shell, 'runs/b/config.yaml'))).toMatchObject({ 'data.mean': 0.5, 'data.std': 0.5 })
})

test('weights=shipped brings DDNet as it is, its model and its images with it', async () => {
  const shell = await withPhotos()
  const { code, stderr } = await shell.run(
    'train',
    'folder=photos',
    'weights=shipped',
    'steps=1',
    'batchSize=2',
    'freeze=encoder',
    'name=a',
  )
  expect([code, stderr]).toEqual([0, expect.stringContaining("weights   DDNet's weights for CIFAR-10: ")])
  expect(stderr).toContain('anew: heads.class.weight: [10,48] in the file, [2,48] here')
  expect(parse(text(shell, 'runs/a/config.yaml'))).toMatchObject({ 'model.channels': [48, 96, 192], 'data.size': 32 })
  const { stdout } = await shell.run('config', 'folder=photos', 'weights=shipped')
  expect(stdout).toMatch(/^model\.channels: \[ 48, 96, 192 \] +# weights=shipped$/m)
  const name = 'encoder.0.conv.weight'
  expect(tensorsOf(shell, 'runs/a')[name]).toEqual(cifar10Weights().tensors[name])
})

describe('weights=RUN', () => {
  test('brings the model of the run with it, and its head where the classes are the same', async () => {
    const shell = await withPhotos()
    expect((await shell.run('train', 'folder=photos', ...small, ...convnet, 'name=a')).code).toBe(0)
    const frozen = [
      'epochs=1',
      'batchSize=4',
      'freeze=features,head.bias',
      'frozenNorms=keep',
      'optimizer.learningRate=1e-9',
    ]
    const { code, stderr } = await shell.run('train', 'folder=photos', 'weights=runs/a', ...frozen, 'name=b')
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('weights   runs/a/checkpoints/step=000004: 358 of 358 parameters\n'),
    ])
    const [before, after] = [tensorsOf(shell, 'runs/a'), tensorsOf(shell, 'runs/b')]
    for (const [name, tensor] of Object.entries(before))
      if (name !== 'head.weight') expect(after[name], name).toEqual(tensor)
    expect(parse(text(shell, 'runs/b/config.yaml'))).toMatchObject({
      model: 'convnet',
      'model.channels': [4, 6],
      'data.size': 8,
    })

    await writePhotos(join(shell.cwd, 'others'), { apples: 8, pears: 8 })
    const other = await shell.run(
      'train',
      'folder=others',
      'weights=runs/a/checkpoints/last',
      ...frozen,
      'freeze=features',
      'name=c',
    )
    expect(other.stderr).toContain('anew: head.weight, head.bias: the classes are others\n')
    // What somebody says is stronger than what the run was.
    const wider = await shell.run(
      'train',
      'folder=photos',
      'weights=runs/a',
      ...frozen,
      'model.channels=[4,8]',
      'name=d',
    )
    expect([wider.code, wider.stderr]).toEqual([
      2,
      expect.stringContaining('features.4.weight is [6,4,3,3] in the file, [8,4,3,3] here'),
    ])
  })

  test('a run that is over gets more epochs, and goes on to the bit when it is stopped in them', async () => {
    const settings = ['cifar10', 'model.channels=[4,4]', 'batchSize=8', 'epochs=1', 'validation.images=20', 'name=a']
    const whole = session()
    expect((await whole.run('train', ...settings)).code).toBe(0)
    const longer = await whole.run('train', '--resume', 'runs/a', 'epochs=3')
    expect([longer.code, longer.stderr]).toEqual([0, expect.stringContaining('longer    27 steps in place of 9')])
    expect(longer.stderr).toContain('going on after step 9 of 27')
    expect(
      text(whole, 'runs/a/metrics.jsonl')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).step),
    ).toEqual([9, 18, 27])
    expect(parse(text(whole, 'runs/a/config.yaml'))).toMatchObject({ epochs: 3 })
    expect((await whole.run('eval', 'runs/a', '--checkpoint', 'best')).code).toBe(0)

    const stopped: Session = session({ loadData: afterImages((9 + 12) * 8, () => stopped.signal('SIGINT')) })
    expect((await stopped.run('train', ...settings)).code).toBe(0)
    expect((await stopped.run('train', '--resume', 'runs/a', 'epochs=3')).code).toBe(130)
    expect((await stopped.run('train', '--resume', 'runs/a')).code).toBe(0)
    expect(bytesOf(stopped, 'runs/a')).toBe(bytesOf(whole, 'runs/a'))

    const shorter = await whole.run('train', '--resume', 'runs/a', 'epochs=2')
    expect([shorter.code, shorter.stderr]).toEqual([
      2,
      expect.stringContaining('epochs=2 (18 steps) is not longer than the run runs/a, which is over after 27.'),
    ])
  })

  test('a run that is not over keeps its length', async () => {
    const shell: Session = session({ loadData: afterImages(3 * 8, () => shell.signal('SIGINT')) })
    expect(
      (await shell.run('train', 'cifar10', 'model.channels=[4,4]', 'batchSize=8', 'epochs=1', 'name=a')).code,
    ).toBe(130)
    const { code, stderr } = await shell.run('train', '--resume', 'runs/a', 'epochs=3')
    expect([code, stderr]).toEqual([2, expect.stringContaining('and the length of a run when it is over')])
  })
})

test('headFirst, rates and freeze go on to the bit where a run is stopped', async () => {
  const settings = [
    ...['cifar10', 'model.channels=[4,4]', 'batchSize=8', 'epochs=3', 'validation.images=20', 'name=a'],
    ...[
      'headFirst=1',
      'frozenNorms=keep',
      'freeze=encoder.0',
      'rates={"*": 0.1, "heads": 1}',
      'weights=shipped',
      'weightsExcept=*',
    ],
  ]
  const whole = session()
  const { code, stderr } = await whole.run('train', ...settings)
  expect([code, stderr]).toEqual([0, expect.stringContaining('1 epoch of heads.class alone, then all\n')])
  expect(stderr).toContain('rates: * × 0.1, heads × 1\n')
  for (const step of [5, 9, 14]) {
    const shell: Session = session({ loadData: afterImages(step * 8, () => shell.signal('SIGINT')) })
    expect((await shell.run('train', ...settings)).code).toBe(130)
    expect((await shell.run('train', '--resume', 'runs/a')).code).toBe(0)
    expect(bytesOf(shell, 'runs/a')).toBe(bytesOf(whole, 'runs/a'))
  }
})

test('weights=hf:OWNER/NAME come from a hub once, and then from the cache', async () => {
  const content = fixture('convnet.safetensors')
  const server = createServer(({ method }, response) => {
    response.writeHead(200, { etag: '"some-etag"', 'x-repo-commit': 'a'.repeat(40), 'content-length': content.length })
    response.end(method === 'HEAD' ? undefined : content)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => void server.close())
  const { cwd } = await withPhotos()
  mkdirSync(join(cwd, 'home'))
  const endpoint = `http://127.0.0.1:${portOf(server)}`
  const shell = session({ cwd, env: { HF_HOME: join(cwd, 'home'), HF_ENDPOINT: endpoint } })
  const words = ['train', 'folder=photos', ...small, ...convnet, 'weights=hf:me/net']
  const first = await shell.run(...words, 'name=a')
  expect([first.code, first.stderr]).toEqual([
    0,
    expect.stringMatching(/^weights {3}hf:me\/net\/model\.safetensors, [\d.]+ kB$/m),
  ])
  expect(first.stderr).toContain('weights   hf:me/net/model.safetensors: 344 of 358 parameters\n')
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  const second = await shell.run(...words, 'name=b')
  expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('cannot be reached')])
  expect(bytesOf(shell, 'runs/b')).toBe(bytesOf(shell, 'runs/a'))
})

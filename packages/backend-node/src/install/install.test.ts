import { randomUUID } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isCurrent } from './compile.ts'
import { InstallError, type InstallOptions, installedTensorFlow, installTensorFlow, removeTensorFlow } from './index.ts'
import { expectPlatform } from './platform.ts'

// Stand-ins for python, compiler and training; the set-up of these tests has installed TensorFlow by the same code.

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ddnet-install-')))
  mkdirSync(join(folder, 'bin'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const root = () => join(folder, 'cache', 'tensorflow')
const left = () => (existsSync(root()) ? readdirSync(root()) : [])
const bin = (name: string) => join(folder, 'bin', name)
const tool = (name: string, body: string) =>
  writeFileSync(bin(name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${body}\n`, { mode: 0o755 })

/** A Python 3.12 whose pip does `onInstall` with the target folder in $target. */
const python = (onInstall: string, { name = 'python3', answer = '3.12 64', pip = 'echo pip 25.0' } = {}) =>
  tool(
    name,
    `case "$*" in
      *--version*) ${pip};;
      *calcsize*) echo ${answer};;
      *" install "*) for a; do case $b in --target) target=$a;; esac; b=$a; done; ${onInstall};;
      *) exit 1;;
    esac`,
  )
const wheel =
  'mkdir -p $target/tensorflow; echo cc > $target/tensorflow/libtensorflow_cc.so.2; echo fw > $target/tensorflow/libtensorflow_framework.so.2'
/** A compiler that writes what it was asked for. */
const compiler = (onCompile = 'for a; do o=$a; done; echo "$@" > $o') =>
  tool('c++', `case "$*" in --version) exit 0;; esac; ${onCompile}`)
/** A training that ends well. */
const training = (body = 'echo \'{"version":"2.21.0","device":"cpu","losses":[3,2,1]}\'') => tool('train', body)

const said: string[] = []
function install(options: InstallOptions = {}) {
  said.length = 0
  return installTensorFlow({
    environment: { PATH: join(folder, 'bin'), DDNET_CACHE: join(folder, 'cache') },
    trainingCheck: [bin('train')],
    report: ({ type, text }) => void said.push(`${type}: ${text}`),
    ...options,
  })
}
const remove = () => removeTensorFlow({ environment: { DDNET_CACHE: join(folder, 'cache') } })
const name = `tensorflow-cpu-2.21.0-linux-${process.arch}`

/** A whole machine. */
function tools() {
  python(wheel)
  compiler()
  training()
}

describe.skipIf(process.platform !== 'linux')('the installation of TensorFlow', () => {
  test('downloads, compiles, trains three steps, and leaves what it needs alone', async () => {
    tools()
    expect(await install()).toMatchObject({ variant: 'tensorflow-cpu', version: '2.21.0', device: 'cpu', isNew: true })
    expect(said.map((each) => each.replace(/[\d.]+ s$/, 'N s'))).toEqual([
      'started: tensorflow-cpu 2.21.0 by pip of python3, about 270 MB',
      'done: tensorflow-cpu 2.21.0 by pip of python3, 0 MB on disk, N s',
      "started: TensorFlow's addon by c++",
      "done: TensorFlow's addon by c++, N s",
      'started: three training steps',
      'done: three training steps on cpu, loss 3.000 → 2.000 → 1.000, N s',
    ])
    expect(left()).toEqual([name])
    expect(readdirSync(join(root(), name), { recursive: true }).sort()).toEqual([
      'tensorflow',
      'tensorflow/libtensorflow_cc.so.2',
      'tensorflow/libtensorflow_framework.so.2',
      'tfjs_binding.node',
      'tfjs_binding.sources',
    ])
    expect(installedTensorFlow({ DDNET_CACHE: join(folder, 'cache') })?.folder).toBe(join(root(), name))
  })

  test('the addon is found with its libraries wherever the folder is moved', async () => {
    tools()
    const { addon } = await install()
    expect(readFileSync(addon, 'utf8')).toContain('-Wl,-rpath,$ORIGIN/tensorflow')
    expect(readFileSync(addon, 'utf8')).not.toContain(`-rpath,${folder}`)
  })

  test('a second call trains with what is there, and needs no tools', async () => {
    tools()
    await install()
    rmSync(bin('python3'))
    rmSync(bin('c++'))
    expect(await install()).toMatchObject({ isNew: false, device: 'cpu' })
    expect(said[0]).toBe('started: three training steps')
  })

  test('an addon that another version of this package compiled is compiled again', async () => {
    tools()
    const { folder: installed, addon } = await install()
    expect(await isCurrent(installed)).toBe(true)
    writeFileSync(addon, 'of other sources')
    writeFileSync(join(installed, 'tfjs_binding.sources'), 'other sources')
    expect(await isCurrent(installed)).toBe(false)
    expect(await install()).toMatchObject({ isNew: true })
    expect(readFileSync(addon, 'utf8')).not.toContain('of other sources')
    expect(await isCurrent(installed)).toBe(true)
  })

  test('what is there and does not train any more is installed again', async () => {
    tools()
    const { addon } = await install()
    writeFileSync(addon, 'damaged')
    training(
      'if grep -q damaged $1; then echo "tensorflow: it is damaged. Run: this" >&2; exit 4; fi; echo \'{"version":"2.21.0","device":"cpu","losses":[3,2,1]}\'',
    )
    expect(await install()).toMatchObject({ isNew: true })
    expect(said).toContain('note: TensorFlow does not train here: tensorflow: it is damaged. It is installed again.')
    expect(left()).toEqual([name])
  })

  test("pip works in the cache and leaves the Python alone, whatever the user's settings say", async () => {
    tools()
    python(`echo "$@" > ${folder}/args; echo $TMPDIR $PIP_USER $PIP_REQUIRE_VIRTUALENV > ${folder}/settings; ${wheel}`)
    await install({
      environment: {
        PATH: join(folder, 'bin'),
        DDNET_CACHE: join(folder, 'cache'),
        PIP_USER: '1',
        PIP_REQUIRE_VIRTUALENV: '1',
      },
    })
    const args = readFileSync(join(folder, 'args'), 'utf8')
    expect(args).toContain('--no-deps')
    expect(args).toContain(`--target ${root()}/.partial-`)
    const [temporary, ...settings] = readFileSync(join(folder, 'settings'), 'utf8').trim().split(' ')
    expect(temporary).toContain(root())
    expect(settings).toEqual(['0', '0'])
  })

  test('a Python for which TensorFlow has no wheel takes that of another', async () => {
    tools()
    python(`case "$*" in *"--python-version 3.11"*) ${wheel};; *) exit 1;; esac`, { answer: '3.14 64' })
    expect(await install()).toMatchObject({ isNew: true })
  })

  test('CUDA brings the wheels of NVIDIA that TensorFlow asks for, and their folders are searched', async () => {
    tools()
    const metadata = [
      'Requires-Dist: numpy>=1.26.0',
      'Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == \\"and-cuda\\"',
      "Requires-Dist: nvidia-cublas-cu12<13.0; extra == 'and-cuda'",
    ]
    python(`case "$*" in
      *tensorflow==2.21.0) ${wheel}; mkdir -p $target/tensorflow/python/platform; echo "('is_cuda_build', True)" > $target/tensorflow/python/platform/build_info.py; mkdir $target/tensorflow-2.21.0.dist-info; echo "${metadata.join('\n')}" > $target/tensorflow-2.21.0.dist-info/METADATA;;
      *"nvidia-cudnn-cu12<10.0,>=9.3.0.75 nvidia-cublas-cu12<13.0") mkdir -p $target/nvidia; touch $target/nvidia/__init__.py; for part in cudnn cublas; do mkdir -p $target/nvidia/$part/lib $target/nvidia_\${part}_cu12-9.3.dist-info; echo $part > $target/nvidia/$part/lib/lib$part.so.9; done;;
      *) echo "unexpected $*" >&2; exit 1;;
    esac`)
    const { folder: installed, addon, variant } = await install({ cuda: true })
    expect(variant).toBe('tensorflow')
    expect(readdirSync(installed).sort()).toEqual([
      ...['nvidia', 'nvidia_cublas_cu12-9.3.dist-info', 'nvidia_cudnn_cu12-9.3.dist-info', 'tensorflow'],
      'tfjs_binding.node',
      'tfjs_binding.sources',
    ])
    expect(readFileSync(addon, 'utf8')).toContain('-Wl,-rpath,$ORIGIN/nvidia/cudnn/lib')
    expect(readFileSync(addon, 'utf8')).not.toContain('__init__')
  })

  test('a TensorFlow that is built without CUDA is not installed as one with it', async () => {
    tools()
    await expect(install({ cuda: true })).rejects.toThrow(/comes without CUDA\. Leave --cuda out/)
    expect(left()).toEqual([])
  })

  describe.each<[string, RegExp, () => void, InstallOptions?]>([
    [
      'no Python',
      /python3 is not there, python is not there\. Install Python 3\.8 or later with pip/,
      () => rmSync(bin('python3')),
    ],
    [
      'an old Python',
      /python3 is Python 2\.7, which is too old, python is not there/,
      () => python('', { answer: '2.7 64' }),
    ],
    ['a 32-bit Python', /python3 is a 32-bit Python/, () => python('', { answer: '3.11 32' })],
    ['no Python at all', /python3 is not Python/, () => tool('python3', 'echo hello')],
    [
      'a Python that breaks',
      /python3 does not run \(cannot find my library\)/,
      () => tool('python3', 'echo "cannot find my library" >&2; exit 1'),
    ],
    [
      'a Python that cannot be executed',
      /own is not executable\. .*name one by --python/,
      () => writeFileSync(bin('own'), ''),
      { python: 'own' },
    ],
    [
      'a Python without pip and venv',
      /python3 has no pip, and cannot make a virtual environment that has it/,
      () => python('', { pip: 'exit 1' }),
    ],
    [
      'an old pip',
      /python3 has pip 18\.1, which is older than 20\.3, in a new virtual environment too/,
      () => {
        python('', { pip: 'echo pip 18.1' })
        writeFileSync(
          bin('python3'),
          readFileSync(bin('python3'), 'utf8').replace(
            '*" install "*)',
            `*venv*) mkdir -p "$3/bin"; cp ${bin('python3')} "$3/bin/python";;\n*" install "*)`,
          ),
        )
      },
    ],
    ['no compiler', /there is no C\+\+ compiler\. Install one .*g\+\+/, () => rmSync(bin('c++'))],
    [
      'no network',
      /pip of python3 could not fetch tensorflow-cpu==2\.21\.0 \(ERROR: No matching distribution; an index could not be reached\)\. Check the network/,
      () =>
        python(
          'echo "WARNING: Retrying after NewConnectionError" >&2; echo "ERROR: No matching distribution" >&2; exit 1',
        ),
    ],
    [
      'an index without TensorFlow',
      /pip of python3 could not fetch tensorflow-cpu==2\.21\.0 \(ERROR: No matching distribution found\)\. .*give pip an index that has it/,
      () => python('echo "ERROR: No matching distribution found" >&2; echo "a notice"; exit 1'),
    ],
    [
      'a full disk',
      /The disk of '.*' is full\. Free some space, or set DDNET_CACHE/,
      () => python('echo "OSError: [Errno 28] No space left on device" >&2; exit 2'),
    ],
  ])('%s', (_, message, arrange, options = {}) => {
    test('is an error with the remedy in one line, and nothing is left', async () => {
      tools()
      arrange()
      const error = await install(options).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(InstallError)
      expect(error).toMatchObject({ isMachineLacking: true, message: expect.stringMatching(message) })
      expect((error as InstallError).message).not.toContain('\n')
      expect(left()).toEqual([])
    })
  })

  test('a compiler that fails is an error with its first error, and all of it in the cause', async () => {
    tools()
    compiler('echo "In file included from here:" >&2; echo "c_api.h:1: fatal error: no such header" >&2; exit 4')
    await expect(install()).rejects.toThrow(
      "c++ could not compile TensorFlow's addon (c_api.h:1: fatal error: no such header). Try another compiler by CXX=clang++; --verbose shows all that it says.",
    )
    expect(left()).toEqual([])
  })

  test('a compiler named by CXX that does not run is an error, and no other is taken', async () => {
    tools()
    const environment = { PATH: join(folder, 'bin'), DDNET_CACHE: join(folder, 'cache'), CXX: 'no-such -m64' }
    await expect(install({ environment })).rejects.toThrow(
      "The C++ compiler 'no-such -m64', which CXX names, does not run.",
    )
  })

  test.each([
    ['crashes', 'kill -ILL $$', 'it ended the process (SIGILL), for this processor lacks instructions that it needs.'],
    [
      'does not load',
      'echo "tensorflow: the addon does not load: no. Run: this" >&2; exit 4',
      'tensorflow: the addon does not load: no.',
    ],
    [
      'does not learn',
      'echo \'{"version":"2.21.0","device":"cpu","losses":[3,2,2]}\'',
      'expected the loss of three steps to fall, got 3, 2, 2.',
    ],
  ])('a TensorFlow that %s is not installed', async (_, body, reason) => {
    tools()
    training(body)
    await expect(install()).rejects.toThrow(`TensorFlow does not train here: ${reason}`)
    expect(left()).toEqual([])
  })

  test('a folder that cannot be made is an error with the remedy', async () => {
    tools()
    writeFileSync(join(folder, 'cache'), 'a file')
    await expect(install()).rejects.toThrow(
      `'${root()}' cannot be written (ENOTDIR). Change its permissions, or set DDNET_CACHE to a folder of yours.`,
    )
  })

  test('where a tool is missing nothing is made, not even a folder', async () => {
    tools()
    rmSync(bin('c++'))
    await expect(install()).rejects.toThrow('no C++ compiler')
    expect(existsSync(join(folder, 'cache'))).toBe(false)
  })

  test('an abort ends pip and all that it started, and leaves nothing', async () => {
    tools()
    const mark = randomUUID()
    python(`touch ${folder}/began; sh -c "sleep 60; : ${mark}"`)
    const controller = new AbortController()
    const installing = install({ signal: controller.signal })
    while (!existsSync(join(folder, 'began'))) await sleep(20)
    controller.abort(new Error('Ctrl-C'))
    await expect(installing).rejects.toThrow('Ctrl-C')
    expect(left()).toEqual([])
    expect(commandLines().filter((line) => line.includes(mark))).toEqual([])
  })

  test('what a killed process had begun, its lock included, is cleared away', async () => {
    tools()
    mkdirSync(join(root(), '.partial-killed', 'tensorflow'), { recursive: true })
    const deadPid = 2 ** 22 + 1 // above the largest pid of Linux
    writeFileSync(join(root(), 'lock'), JSON.stringify({ pid: deadPid, host: (await import('node:os')).hostname() }))
    await install()
    expect(left()).toEqual([name])
  })

  test('two at once install it once', async () => {
    tools()
    python(`echo >> ${folder}/count; sleep 0.3; ${wheel}`)
    const both = await Promise.all([install(), install()])
    expect(both.map(({ isNew }) => isNew).sort()).toEqual([false, true])
    expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('\n')
    expect(left()).toEqual([name])
  })

  test('remove takes all away, unfinished ones too, and says what there was', async () => {
    tools()
    await install()
    mkdirSync(join(root(), '.partial-killed'))
    expect(await remove()).toMatchObject([{ variant: 'tensorflow-cpu', version: '2.21.0' }])
    expect(left()).toEqual([])
    expect(await remove()).toEqual([])
  })
})

describe.skipIf(process.platform !== 'linux')('a TensorFlow that is here', () => {
  /** A Python's packages with TensorFlow in them. */
  function packages(version: string, cuda = false): string {
    const tensorflow = join(folder, 'site-packages', 'tensorflow')
    mkdirSync(join(tensorflow, 'include/tensorflow/c'), { recursive: true })
    mkdirSync(join(tensorflow, 'python/platform'), { recursive: true })
    mkdirSync(join(folder, 'site-packages', `tensorflow${cuda ? '' : '_cpu'}-${version}.dist-info`))
    for (const file of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'include/tensorflow/c/c_api.h'])
      writeFileSync(join(tensorflow, file), version)
    writeFileSync(join(tensorflow, 'python/platform/build_info.py'), `[('is_cuda_build', ${cuda ? 'True' : 'False'})]`)
    return tensorflow
  }

  test('is taken by hard links, which outlive its Python and need no pip', async () => {
    compiler()
    training()
    const from = packages('2.18.0')
    const { folder: installed, version } = await install({ from })
    expect(version).toBe('2.18.0')
    expect(statSync(join(installed, 'tensorflow/libtensorflow_cc.so.2')).ino).toBe(
      statSync(join(from, 'libtensorflow_cc.so.2')).ino,
    )
    rmSync(dirname(from), { recursive: true })
    expect(readFileSync(join(installed, 'tensorflow/libtensorflow_cc.so.2'), 'utf8')).toBe('2.18.0')
  })

  test('is not compiled again by the same call, and is when it changed', async () => {
    compiler()
    training()
    const from = packages('2.18.0')
    await install({ from })
    expect((await install({ from })).isNew).toBe(false)
    rmSync(join(from, 'libtensorflow_cc.so.2'))
    writeFileSync(join(from, 'libtensorflow_cc.so.2'), 'another build')
    expect((await install({ from })).isNew).toBe(true)
  })

  test("with CUDA brings NVIDIA's libraries that lie beside it", async () => {
    compiler()
    training()
    const from = packages('2.18.0', true)
    mkdirSync(join(folder, 'site-packages/nvidia/cudnn/lib'), { recursive: true })
    writeFileSync(join(folder, 'site-packages/nvidia/cudnn/lib/libcudnn.so.9'), 'cudnn')
    symlinkSync('libcudnn.so.9', join(folder, 'site-packages/nvidia/cudnn/lib/libcudnn.so'))
    const { folder: installed, variant } = await install({ from, cuda: true })
    expect(variant).toBe('tensorflow')
    expect(readlinkSync(join(installed, 'nvidia/cudnn/lib/libcudnn.so'))).toBe('libcudnn.so.9')
  })

  test('the last one that was installed takes the place of others of its kind', async () => {
    tools()
    await install()
    await install({ from: packages('2.18.0') })
    expect(left()).toEqual([`tensorflow-cpu-2.18.0-linux-${process.arch}`])
    await install()
    expect(left()).toEqual([name])
  })

  test('as an addon it is linked, until another is installed', async () => {
    tools()
    const from = join(folder, 'own.node')
    writeFileSync(from, 'addon')
    expect(await install({ from })).toMatchObject({ variant: 'tensorflow-linked', isNew: true })
    expect((await install({ from })).isNew).toBe(false)
    expect(left()).toEqual([`tensorflow-linked-2.21.0-linux-${process.arch}`])
    expect(existsSync(from)).toBe(true)
    await install()
    expect(left()).toEqual([name])
    expect(existsSync(from)).toBe(true)
  })

  test('that lacks something is an error that names it', async () => {
    compiler()
    const from = packages('2.18.0')
    await expect(install({ from, cuda: true })).rejects.toThrow('built for the CPU only. Leave --cuda out')
    rmSync(join(from, 'libtensorflow_framework.so.2'))
    await expect(install({ from })).rejects.toThrow(
      `'${from}' is no TensorFlow that can be used: it has no libtensorflow_framework.so.2.`,
    )
    await expect(install({ from: join(folder, 'nothing') })).rejects.toThrow(
      `There is nothing at '${folder}/nothing', which --from names.`,
    )
    expect(left()).toEqual([])
  })
})

test.each([
  ['darwin', 'macOS'],
  ['win32', 'Windows'],
  ['linux', 'Linux with musl'],
])('on %s without glibc it says what it knows, and what to do instead', (platform, name) => {
  expect(() => expectPlatform(platform, false)).toThrow(
    `knows Linux with glibc only, and this is ${name}. Set DDNET_TENSORFLOW_ADDON`,
  )
})

/** What runs on this machine. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')]
      } catch {
        return [] // it has ended
      }
    })
}

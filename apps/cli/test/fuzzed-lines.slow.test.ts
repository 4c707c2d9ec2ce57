import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writePhotos } from './photos.ts'
import { type Session, session } from './session.ts'

// Every command with everything that does not belong there: what is wrong is told in one line of this program's own words.

const long = 'x'.repeat(10_000)
/** Words in the place of each word that a command takes; not `/`, `..` and `~`, below which is what whoever runs this has. */
const words = [
  ...[
    '',
    ' ',
    '-',
    '--',
    '*',
    '[',
    '{a,',
    '-1',
    '1e309',
    '9'.repeat(400),
    'NaN',
    '=',
    '==',
    'a=',
    '=a',
    'ünïcödé',
    '💥',
  ],
  ...[
    'nul\0byte',
    long,
    `${long}/a.png`,
    'none',
    'none/none',
    'empty',
    'file.txt',
    'file.txt/below',
    'unreadable',
    'circle',
    'bytes.yaml',
  ],
  ...['__proto__', 'constructor=1', 'toString', '%s%d', '\x1b[2J', '\ud800', 'runs', 'photos', '$HOME', 'C:\\a'],
]
const options = [...['--none', '--none=1', '-z', '--json=1', '--', '--verbose=1', `--${long}`, '--nul\0', '--=', '---']]
/** Words of settings. */
const settings = [
  ...[
    'epochs=',
    'epochs=-1',
    'epochs=1e309',
    `epochs=${'9'.repeat(400)}`,
    'epochs=NaN',
    'epochs=\0',
    `epochs=${long}`,
    'steps=-5',
    'steps=0.5',
  ],
  ...[
    'batchSize=-1',
    'batchSize=1e400',
    'data.size=0',
    'size=-1',
    'data.size=1e9',
    'batchSize=100000000',
    'model.channels=[]',
    'model.channels=[-1]',
  ],
  ...[
    'model.channels=[100000,100000]',
    'model.channels=[1e308]',
    'model.channels={',
    'model.channels=[[',
    'seed=-1',
    'seed=1e99',
  ],
  ...[
    'optimizer.learningRate=-1',
    'optimizer.learningRate=.inf',
    'optimizer=[]',
    'data=5',
    'folder=\0',
    `folder=${long}`,
    'folder=file.txt',
  ],
  ...[
    'folder=empty',
    'folder=unreadable',
    'folder=circle',
    'data.crop=1e9',
    'name=',
    'name=..',
    `name=${long}`,
    'name=a\0b',
    'runs=file.txt',
  ],
  ...['__proto__.a=1', 'constructor.prototype=1', 'a.b.c.d=1', '<<=1', '&a=*a', 'epochs=!!js/function 1'],
]
const files = [
  'none.yaml',
  'empty',
  '',
  'nul\0',
  long,
  'unreadable',
  'bytes.yaml',
  'nested.yaml',
  'huge.yaml',
  'bomb.yaml',
  'proto.yaml',
  'photos/cats/0.jpg',
]

interface Line {
  readonly words: readonly string[]
  /** Options that take a value, with which ones are wrong. */
  readonly values?: readonly string[]
  readonly settings?: boolean
}
const commands: Readonly<Record<string, Line>> = {
  train: { words: ['train'], values: ['--backend', '--config', '--resume', '--checkpoint'], settings: true },
  'find-lr': { words: ['find-lr'], values: ['--steps', '--from', '--to', '--plot', '--backend', '--config'] },
  eval: { words: ['eval'], values: ['--checkpoint', '--backend'] },
  predict: { words: ['predict'], values: ['--checkpoint', '--backend'] },
  visualize: { words: ['visualize'], values: ['--to', '--only', '--checkpoint', '--backend'] },
  export: { words: ['export'], values: ['--layout', '--checkpoint'] },
  bench: { words: ['bench'], values: ['--backend', '--config', '--steps'] },
  runs: { words: ['runs'] },
  'runs list': { words: ['runs', 'list'] },
  'runs compare': { words: ['runs', 'compare'] },
  init: { words: ['init'] },
  'data prepare': { words: ['data', 'prepare'], values: ['--to', '--size', '--images'] },
  'data inspect': { words: ['data', 'inspect'] },
  'data statistics': { words: ['data', 'statistics'], values: ['--size'] },
  'backend install': { words: ['backend', 'install'], values: ['--python', '--from'] },
  'backend remove': { words: ['backend', 'remove'] },
  config: { words: ['config'], values: ['--backend', '--config'], settings: true },
  none: { words: [] },
}

const raw =
  /^ {4}at |TypeError|RangeError|SyntaxError|ReferenceError|ERR_|ENOENT|EISDIR|ENOTDIR|EACCES|ELOOP|ENAMETOOLONG|EINVAL|Cannot read prop|is not a function|is not iterable|undefined \(|\[object |Invalid (typed )?array|Maximum call/m

/** What is wrong with what a command line gave, if anything. */
function faults(
  { code, stdout, stderr }: Awaited<ReturnType<Session['run']>>,
  { json, most }: { json: boolean; most: number },
): string[] {
  const told = stderr.split('\n').filter((line) => line.startsWith('ddnet: '))
  return [
    ...(code === 0 || code === 1 || code === 2 || code === 4 ? [] : [`exit code ${code}`]),
    ...(raw.test(stderr) ? ['raw words'] : []),
    ...(code !== 0 && told.length > most ? [`${told.length} lines`] : []),
    ...(code === 2 && told.length === 0 && !/^Usage: /m.test(stderr) ? ['nothing told'] : []),
    ...(code !== 0 && told.some((line) => line.length > 2000) ? ['a line without end'] : []),
    ...(json && stdout !== '' && !stdout.trim().split('\n').every(isJson) ? ['stdout is no JSON'] : []),
  ]
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe.each(Object.entries(commands))(
  '%s',
  (name, { words: command, values = [], settings: takesSettings = false }) => {
    let shell: Session
    beforeAll(async () => {
      shell = session({ cwd: await prepared(), loadInstaller: () => Promise.reject(new Error('not in this test')) })
    })

    afterAll(() => rmSync(shell.cwd, { recursive: true }))

    const lines: string[][] = [
      [...command],
      ...options.map((option) => [...command, option]),
      ...(command.length === 0 || name === 'init' ? [] : words.map((word) => [...command, word])),
      ...words.slice(0, 18).map((word) => [...command, word, word, '--json']),
      ...values.flatMap((option) => [
        [...command, option],
        ...['', '-1', '0', '1e309', 'nul\0', long, 'none'].map((value) => [...command, 'none', option, value]),
        [...command, 'none', option, 'none', option, 'none'],
      ]),
      ...(takesSettings
        ? settings.map((words) => [...command, 'folder=photos', 'steps=1', ...words.split(/ (?=\w+=)/)])
        : []),
      ...(takesSettings ? files.map((file) => [...command, 'folder=photos', 'steps=1', '--config', file]) : []),
    ]

    test(`${lines.length} lines that are wrong are told in one line each`, async () => {
      const found: string[] = []
      for (const line of lines) {
        const result = await shell
          .run(...line)
          .catch((error) => ({ code: -1, stdout: '', stderr: String(error.stack) }))
        const wrong = faults(result, {
          json: line.includes('--json'),
          most: name === 'predict' ? 2 : 1, // it tells each image, of which no line here has more
        })
        if (wrong.length > 0)
          found.push(
            `${wrong.join(', ')}: ${JSON.stringify(line.map((word) => word.slice(0, 40)))} → ${result.code} ${JSON.stringify(result.stderr.slice(0, 300))}`,
          )
      }
      expect(found).toEqual([])
    })
  },
)

async function prepared(): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), 'ddnet-fuzzed-'))
  await writePhotos(join(cwd, 'photos'), { cats: 3, dogs: 3 })
  mkdirSync(join(cwd, 'empty'))
  mkdirSync(join(cwd, 'runs/none-yet'), { recursive: true })
  symlinkSync('circle', join(cwd, 'circle'))
  const files: Readonly<Record<string, string | Uint8Array>> = {
    'file.txt': 'hello',
    unreadable: 'secret',
    'bytes.yaml': Uint8Array.of(0xff, 0xfe, 0x80, 0x00, 0xc3, 0x28, 0x0a),
    'nested.yaml': `${'['.repeat(5000)}`,
    'huge.yaml': `epochs: ${'9'.repeat(100_000)}\n`,
    'bomb.yaml': `a: &a [x]\n${Array.from({ length: 20 }, (_, at) => `${'bcdefghijklmnopqrstuv'[at]}: &${'bcdefghijklmnopqrstuv'[at]} [*${'abcdefghijklmnopqrstu'[at]}, *${'abcdefghijklmnopqrstu'[at]}]`).join('\n')}\n`,
    'proto.yaml': '__proto__: {a: 1}\nconstructor: 1\n',
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content)
  chmodSync(join(cwd, 'unreadable'), 0)
  return cwd
}

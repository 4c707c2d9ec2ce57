import {
  type Checkpoint,
  checkpointName,
  listCheckpoints,
  loadCheckpoint,
  type Storage,
  type StorageLock,
} from '@ddnet/trainer'
import type { z } from 'zod'
import { type Config, flatSettings } from '../settings/config.ts'
import { type SavedSettings, savedSettings, settingsFormat } from '../settings/saved-settings.ts'
import type { SettingCatalog } from '../settings/setting-catalog.ts'
import { SettingsError } from '../settings/settings-error.ts'
import { parseYaml, toYaml } from '../settings/yaml.ts'
import { checkRecordedData, checkSettings, restore } from './compare.ts'
import { type RunEnvironment, runEnvironmentSchema } from './environment.ts'
import { type MetricsRecord, readRecords } from './metrics-log.ts'
import { RunError } from './run-error.ts'
import { type RunData, type RunRecord, readRecord, runDataSchema, settingsIn } from './run-record.ts'

/**
 * The files of a run by what they are. Beside them lie `metrics.jsonl` and `metrics.csv` (`MetricsLog`), TensorBoard's event files,
 * `checkpoints/`, and `writer.json` while a process trains on a disk. What else lies there is left alone.
 */
export const runFiles = {
  config: 'config.yaml',
  environment: 'environment.json',
  data: 'data.json',
  result: 'result.json',
  predictions: 'predictions.png',
  samples: 'samples.png',
  report: 'report.html',
} as const
export type RunFile = keyof typeof runFiles

/** A run as one of its checkpoints left it. */
export interface OpenedCheckpoint extends SavedSettings {
  readonly checkpoint: Checkpoint
  readonly record: RunRecord
  /** All settings, with the definitions of the user's own that the run names. */
  readonly catalog: SettingCatalog
  /** The files of the run that are not there, and that the checkpoint has in it. */
  readonly missing: readonly ('config' | 'data')[]
}

/** All settings for a run, of which some may name definitions in files. @param contents its settings as they are written, wherever they are */
export type CatalogOf = (contents: readonly unknown[]) => SettingCatalog | Promise<SettingCatalog>

/** How config.yaml is written. */
export interface ConfigRemarks {
  /** A comment behind a setting, such as who decided it. */
  readonly remark?: (path: string) => string | undefined
  /** A schema by which editors check the file when somebody copies it for a run of their own. */
  readonly schema?: string
}

/**
 * A run as it lies in a storage: on a disk, in a page's storage, in memory or unpacked of a tar file. All that the command line and the page
 * read and write of a run, they read and write here, so that each goes on with the other's.
 */
export class RunFolder {
  /** Where its checkpoints lie. */
  readonly checkpoints: Storage

  constructor(readonly storage: Storage) {
    this.checkpoints = storage.folder('checkpoints')
  }

  /** The run as its user would type it. */
  get path(): string {
    return this.storage.path
  }

  /** A file of the run as its user would type it. */
  fileName(file: RunFile): string {
    return `${this.path}/${runFiles[file]}`
  }

  /** Whether there is anything to go on with. */
  async hasCheckpoint(): Promise<boolean> {
    return (await listCheckpoints(this.checkpoints)).length > 0
  }

  /** Whether it is a run: it has settings, or a checkpoint, which has them, too. */
  async isRun(): Promise<boolean> {
    return (await this.storage.kind(runFiles.config)) !== undefined || (await this.hasCheckpoint())
  }

  /**
   * Makes the caller its one writer.
   *
   * @param owner who is told to whoever comes second
   * @throws StorageLocked where somebody else writes
   */
  lock(owner: string): Promise<StorageLock> {
    return this.storage.lock(owner)
  }

  /**
   * Checks that what is written into the run stays in its folder: its folders are no links. (Files are written beside and renamed, which
   * replaces a link.)
   *
   * @throws RunError naming the link
   */
  async refuseLinks(): Promise<void> {
    for (const name of ['checkpoints', 'samples']) await this.refuseLink(name)
    for (const { name } of await listCheckpoints(this.checkpoints)) await refuseLink(this.checkpoints, name)
  }

  /** @throws RunError for a link, or a file, in the place of a folder of the run */
  refuseLink(name: string): Promise<void> {
    return refuseLink(this.storage, name)
  }

  /**
   * A checkpoint of the run, whose settings and data must be those in the run's folder. Where the folder does not have them any more,
   * they are the checkpoint's.
   *
   * @param name `last`, `best` or the name of its folder
   * @throws CheckpointError for one that cannot be read; `intact` is the newest that is whole
   * @throws RunError for a folder that says something else, and for a checkpoint of another format
   */
  async openCheckpoint(name: string, catalogOf: CatalogOf): Promise<OpenedCheckpoint> {
    const content = await this.#readConfig()
    const checkpoint = await loadCheckpoint(name, this.checkpoints)
    const shown = `${this.checkpoints.path}/${checkpointName(checkpoint.step)}`
    const catalog = await catalogOf([content, settingsIn(checkpoint.config)])
    const here = content === undefined ? undefined : await this.#checked(content, catalog)
    const record = recordIn(checkpoint, shown, catalog)
    const missing: ('config' | 'data')[] = []
    if (here === undefined) missing.push('config')
    else checkSettings(this.fileName('config'), here, shown, record)
    const data = await this.readData(restore(this.fileName('data')))
    if (data === undefined) missing.push('data')
    else checkRecordedData(this.fileName('data'), data, shown, record)
    return { ...(here ?? record.saved), checkpoint, record, catalog, missing }
  }

  /**
   * The run's settings; nothing where it has no config.yaml.
   *
   * @throws RunError where they cannot be read, or one is missing
   */
  async readSettings(catalogOf: CatalogOf): Promise<SavedSettings | undefined> {
    const content = await this.#readConfig()
    return content === undefined ? undefined : this.#checked(content, await catalogOf([content]))
  }

  /**
   * The curve of the run.
   *
   * @param known the checkpoint that it goes on from: what came after it will be measured again, and is left out
   * @throws RunError naming the line of the log that is damaged
   */
  async readRecords(known?: Pick<Checkpoint, 'step' | 'phase'>): Promise<MetricsRecord[]> {
    const records = await readRecords(this.storage)
    if (known === undefined) return records
    // A checkpoint is saved before the validation of its step.
    const last = known.phase === 'step' ? known.step - 1 : known.step
    return records.filter(({ step }) => step <= last)
  }

  /** What the run was trained on; nothing where there is no data.json. */
  readData(remedy?: string): Promise<RunData | undefined> {
    return this.readJson('data', runDataSchema, remedy)
  }

  /** Where the run was trained; nothing where that was not written down. */
  readEnvironment(): Promise<RunEnvironment | undefined> {
    return this.readJson(
      'environment',
      runEnvironmentSchema,
      'Put the right file back, or delete it: it only tells where the run was trained.',
    )
  }

  /**
   * A JSON file of the run, checked; nothing where there is none.
   *
   * @param remedy what to do where it is damaged
   * @throws RunError for a file that is damaged
   */
  async readJson<T>(
    file: RunFile,
    schema: z.ZodType<T>,
    remedy = 'Put the right file back, or delete it.',
  ): Promise<T | undefined> {
    const text = await this.#readText(runFiles[file])
    if (text === undefined) return undefined
    try {
      return schema.parse(JSON.parse(text))
    } catch (error) {
      throw new RunError(`${this.fileName(file)} is damaged: it is not what DDNet wrote. ${remedy}`, { cause: error })
    }
  }

  writeJson(file: RunFile, value: unknown): Promise<void> {
    return this.write(file, `${JSON.stringify(value, undefined, 2)}\n`)
  }

  /** Makes or replaces a file of the run: at every instant it has its old content or its new one, and afterwards it stays. */
  write(file: RunFile, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    return this.storage.replaceFile(runFiles[file], bytes)
  }

  /** All settings, with the format that they are in. */
  writeConfig(config: Config, { remark, schema }: ConfigRemarks = {}): Promise<void> {
    const head = schema === undefined ? '' : `# yaml-language-server: $schema=${schema}\n`
    return this.write('config', `${head}format: ${settingsFormat}\n${toYaml(flatSettings(config), remark)}`)
  }

  /** What config.yaml says; nothing where there is none. */
  #readConfig(): Promise<unknown> {
    return this.#asRun(async () => {
      const text = await this.#readText(runFiles.config)
      return text === undefined ? undefined : parseYaml(text, this.fileName('config'))
    })
  }

  #checked(content: unknown, catalog: SettingCatalog): Promise<SavedSettings> {
    return this.#asRun(async () => savedSettings(content, this.fileName('config'), catalog))
  }

  /** The file is the run's own, so that it cannot be read is not a matter of usage. */
  async #asRun<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error
      const remedy = (await this.hasCheckpoint()) ? ` ${restore(this.fileName('config'))}` : ''
      const message = error.message.replace(/ Fix it, or write one with .*$/, '')
      throw new RunError(`the run ${this.path} cannot be read: ${message}${remedy}`, { cause: error })
    }
  }

  async #readText(name: string): Promise<string | undefined> {
    const bytes = await this.storage.readFile(name)
    return bytes && new TextDecoder().decode(bytes)
  }
}

async function refuseLink(storage: Storage, name: string): Promise<void> {
  const kind = await storage.kind(name)
  if (kind === undefined || kind === 'folder') return
  const problem = kind === 'link' ? 'is a link: a run is written in its own folder only' : 'is not a folder'
  throw new RunError(`${storage.path}/${name} ${problem}. Put the folder itself in its place, or remove it.`)
}

/** @throws RunError: that a checkpoint cannot be read is no matter of usage */
function recordIn({ config }: Checkpoint, shown: string, catalog: SettingCatalog): RunRecord {
  try {
    return readRecord(config, `the checkpoint ${shown}`, catalog)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    throw new RunError(`${error.message} Go on with the version of ddnet that wrote it.`, { cause: error })
  }
}

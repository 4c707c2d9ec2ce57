type EnvironmentVariables = Record<string, string | undefined>

/** The repository's folder. */
export declare const root: string
export declare function bringPnpm(): Promise<string>
export declare function withPnpm(commands: string, env?: EnvironmentVariables): EnvironmentVariables
export declare function pnpm(commands: string): string[]
export declare function npm(): string[]
/** Has npm install one package, by its name and version, into a folder of its own; no script runs. */
export declare function installAlone(spec: string, folder: string): Promise<void>
/** What the command wrote; rejects with a `CommandFailed`, whose `output` holds it too. */
export declare function run(words: readonly string[], env?: EnvironmentVariables, folder?: string): Promise<string>
/** A command that ended with another exit code than 0; `output` is all that it wrote. */
export declare class CommandFailed extends Error {
  readonly output: string
}

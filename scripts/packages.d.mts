/** What is read in a package.json. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
}

export declare function readManifest(folder: string): Manifest
/** The packages of this workspace that are not private. */
export declare const published: readonly Manifest[]
/** The published packages among `names`, and those that they stand on. */
export declare function withInternal(names: readonly string[]): string[]
/** Builds and packs published packages into `folder`: the tarballs' paths by the packages' names. */
export declare function pack(folder: string, names?: readonly string[]): Promise<Map<string, string>>

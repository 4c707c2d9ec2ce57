import { UsageError } from '../errors.ts'

/** A file, or the weights, of a repository of the Hugging Face Hub. */
export interface HubAddress {
  readonly owner: string
  readonly name: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  /** The path of a file in it; without one, its weights. */
  readonly file?: string
}

// As the Hub's own names: no part is `.` or `..`, so that none leads out of a folder.
const part = '(?!\\.{1,2}(?:[/@]|$))[\\w.-]{1,96}'
// Of a revision only those of pull requests and conversions have slashes.
const revisionPart = `(?:refs/(?:pr|convert)/)?${part}`
const pattern = new RegExp(`^hf:(${part})/(${part})(?:@(${revisionPart}))?(?:/((?:${part}/)*${part}))?$`)

/**
 * What `hf:OWNER/NAME`, `hf:OWNER/NAME@REVISION` and `hf:OWNER/NAME/FILE` name.
 *
 * @throws UsageError for anything else
 */
export function hubAddress(text: string): HubAddress {
  const [, owner, name, revision, file] = pattern.exec(text) ?? []
  if (owner === undefined || name === undefined)
    throw new UsageError(
      `weights=${text}: expected hf:OWNER/NAME, hf:OWNER/NAME@REVISION or hf:OWNER/NAME/FILE, as in weights=hf:timm/resnet18.a1_in1k`,
    )
  return { owner, name, revision: revision ?? 'main', ...(file !== undefined && { file }) }
}

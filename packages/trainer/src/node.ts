// A folder on the disk, in which a run writes whole, flushed, and never through a link.
export { diskStorage } from './storage/storage.node.ts'

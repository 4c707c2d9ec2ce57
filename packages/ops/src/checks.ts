export { concatenateBytes } from './checks/concatenate-bytes.ts'
export { crc32 } from './checks/crc32.ts'
export { errorCode, errorMessage } from './checks/error.ts'
export { entryOf, itemAt, lastItem, type Tuple, tuple } from './checks/item.ts'

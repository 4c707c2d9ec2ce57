import { diskFiles } from '../src/files/disk-files.ts'
import { imageFolder } from '../src/sources/image-folder.ts'
import { serveDataset } from '../src/workers/serve-dataset.ts'

serveDataset(() => imageFolder(diskFiles('/no/such/folder')))

import { serveDataset } from '@ddnet/datasets'
import { samples } from './samples.ts'

serveDataset(() => samples)

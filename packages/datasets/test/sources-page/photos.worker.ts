import { imageFolder, serveDataset, servedFiles } from '@ddnet/datasets'

const names = ['cat/1.png', 'dog/gray.png', 'dog/transparent.png', 'dog/turned.jpg']
serveDataset(() => imageFolder(servedFiles(new URL('/photos', location.href), { names })))

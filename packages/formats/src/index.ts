export { decodeWeights } from './decode-weights.ts'
export { decodeNpy } from './npy/decode-npy.ts'
export { encodeNpy } from './npy/encode-npy.ts'
export type { NpyArray, NpyDtype } from './npy/npy-array.ts'
export { NpyError } from './npy/npy-error.ts'
export { encodeNpz, type NpzFile, type OpenNpzOptions, openNpz } from './npy/npz.ts'
export {
  type DecodePyTorchOptions,
  decodePyTorch,
  type PyTorchCheckpoint,
} from './pytorch/decode-pytorch.ts'
export { PyTorchError } from './pytorch/pytorch-error.ts'
export { decodeSafetensors } from './safetensors/decode.ts'
export { type EncodeSafetensorsOptions, encodeSafetensors } from './safetensors/encode.ts'
export { openSafetensors, type SafetensorsFile } from './safetensors/open.ts'
export { SafetensorsError } from './safetensors/safetensors-error.ts'
export { encodeTensorBoardEvent, type TensorBoardEvent, tensorBoardStart } from './tensorboard/event.ts'
export { readTensorBoardRecords, type TensorBoardRecord } from './tensorboard/read.ts'
export { TensorBoardError } from './tensorboard/tensorboard-error.ts'

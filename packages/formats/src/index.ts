export { decodeSafetensors } from './safetensors/decode.ts'
export { encodeSafetensors } from './safetensors/encode.ts'
export { SafetensorsError } from './safetensors/safetensors-error.ts'

import type { HostTensor } from '@ddnet/ops'
import { decodePyTorch } from './pytorch/decode-pytorch.ts'
import { decodeSafetensors } from './safetensors/decode.ts'

/**
 * The tensors of a file of weights, which its content tells apart: safetensors, or a checkpoint of PyTorch's.
 *
 * @param name what errors call the file
 * @returns `unread` says of each entry that is not among `tensors` why
 * @throws SafetensorsError or PyTorchError for a file that is neither, or damaged
 * @example const { tensors } = await decodeWeights(await readFile('resnet18.pth'), 'resnet18.pth')
 */
export async function decodeWeights(
  bytes: Uint8Array,
  name = 'weights',
): Promise<{ tensors: Record<string, HostTensor>; unread: Record<string, string> }> {
  // A ZIP archive, or a bare pickle, of which the reader of PyTorch's files says what to do.
  const isPyTorch =
    (bytes[0] === 0x50 && bytes[1] === 0x4b) ||
    (bytes[0] === 0x80 && bytes[1] !== undefined && bytes[1] <= 5 && bytes[8] !== 0x7b)
  if (isPyTorch) {
    const { tensors, unread } = await decodePyTorch(bytes, { name })
    return { tensors, unread }
  }
  const { tensors, unread } = decodeSafetensors(bytes)
  return { tensors, unread }
}

import { Bytes, Optional } from './kinds'
/**
 * Images `[batch, height, width, channels]` and how each is padded with zeros (or cut at the end) to
 * `paddedHeight × paddedWidth`, in scratch of each part's own. Without scratch the images are read where they are.
 */
@unmanaged
export class Padded {
  images: usize
  height: i32
  width: i32
  channels: i32
  top: i32
  left: i32
  paddedHeight: i32
  paddedWidth: i32
  scratch: Optional // 0: no padding needed
  scratchStep: Bytes // from part to part
}

/** The address of one image, padded. The zeros around it are written only when it is the `first` one of this part. */
export function pad(padded: Padded, image: i32, part: i32, first: bool): usize {
  const pixel = (<usize>padded.channels) << 2
  const size = <usize>(padded.height * padded.width) * pixel
  const from = padded.images + <usize>image * size
  if (padded.scratch == 0) return from
  const to = padded.scratch + <usize>part * padded.scratchStep
  const rowBytes = <usize>padded.paddedWidth * pixel
  if (first) memory.fill(to, 0, <usize>padded.paddedHeight * rowBytes)
  const rows = min(padded.height, padded.paddedHeight - padded.top)
  const columns = min(padded.width, padded.paddedWidth - padded.left)
  if (columns <= 0) return to
  for (let row = 0; row < rows; row++) {
    memory.copy(
      to + <usize>(row + padded.top) * rowBytes + <usize>padded.left * pixel,
      from + <usize>(row * padded.width) * pixel,
      <usize>columns * pixel,
    )
  }
  return to
}

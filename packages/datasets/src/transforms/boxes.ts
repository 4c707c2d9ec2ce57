/** Boxes with every corner moved by `move`, which keeps left ≤ right and top ≤ bottom, and cut to the image. */
export function moveBoxes(
  boxes: Float32Array,
  [height, width]: readonly [height: number, width: number, ...rest: number[]],
  move: (x: number, y: number) => readonly [x: number, y: number],
): Float32Array {
  const moved = new Float32Array(boxes.length)
  const cut = (value: number, most: number): number => Math.min(Math.max(value, 0), most)
  for (let at = 0; at < boxes.length; at += 4) {
    const [left, top] = move(boxes[at] as number, boxes[at + 1] as number)
    const [right, bottom] = move(boxes[at + 2] as number, boxes[at + 3] as number)
    moved[at] = cut(left, width)
    moved[at + 1] = cut(top, height)
    moved[at + 2] = cut(right, width)
    moved[at + 3] = cut(bottom, height)
  }
  return moved
}

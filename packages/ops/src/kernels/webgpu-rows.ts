import { workgroupSize } from './webgpu-lanes.ts'

/** Over a workgroup, in a tree whose order is fixed. */
const reduction = (name: string, combine: string): string => /* wgsl */ `
fn ${name}(lane : i32, value : f32) -> f32 {
  values[lane] = value;
  workgroupBarrier();
  for (var half = ${workgroupSize / 2}; half > 0; half /= 2) {
    if (lane < half) { values[lane] = ${combine}; }
    workgroupBarrier();
  }
  let result = values[0];
  workgroupBarrier();
  return result;
}`

/**
 * WGSL functions `largest` and `total` of the values that the `lanes` invocations of a row bring: of one alone, or of a
 * workgroup, all of whose invocations must call them.
 */
export const rowFunctions = (lanes: number): string =>
  lanes === 1
    ? /* wgsl */ `
fn largest(lane : i32, value : f32) -> f32 { return value; }
fn total(lane : i32, value : f32) -> f32 { return value; }`
    : /* wgsl */ `
var<workgroup> values : array<f32, ${workgroupSize}>;
${reduction('largest', 'max(values[lane], values[lane + half])')}
${reduction('total', 'values[lane] + values[lane + half]')}`

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
const rowFunctions = (lanes: number): string =>
  lanes === 1
    ? /* wgsl */ `
fn largest(lane : i32, value : f32) -> f32 { return value; }
fn total(lane : i32, value : f32) -> f32 { return value; }`
    : /* wgsl */ `
var<workgroup> values : array<f32, ${workgroupSize}>;
${reduction('largest', 'max(values[lane], values[lane + half])')}
${reduction('total', 'values[lane] + values[lane + half]')}`

/**
 * The head of a WGSL program that takes the softmax of the rows of `logits`: its functions, and the first lines of `run`, which
 * know `row`, `lane`, `first` (where the row begins), `peak` (its largest), `isBroken` (it holds a NaN or an infinity) and
 * `sum`, of `exp(logit - peak)`. The program has the uniforms `rows`, `columns` by its own name, and `infinity`.
 */
export const softmaxOfRows = (lanes: number, columns: string): string => /* wgsl */ `
const lanes = ${lanes};
// By its bits: a comparison may be compiled as if there were no NaN.
fn orInfinity(x : f32) -> f32 { return select(x, uniforms.infinity, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u); }
${rowFunctions(lanes)}
fn run(workgroup : i32, local : i32) {
  let row = ${lanes === 1 ? `workgroup * ${workgroupSize} + local` : 'workgroup'};
  let lane = ${lanes === 1 ? '0' : 'local'};
  ${lanes === 1 ? 'if (row >= uniforms.rows) { return; }' : ''}
  let first = row * uniforms.${columns};
  var highest = orInfinity(logits[first + lane]);
  for (var c = lane + lanes; c < uniforms.${columns}; c += lanes) { highest = max(highest, orInfinity(logits[first + c])); }
  let peak = largest(lane, highest);
  let isBroken = (bitcast<u32>(peak) & 0x7f800000u) == 0x7f800000u;
  var exps = 0.0;
  for (var c = lane; c < uniforms.${columns}; c += lanes) { exps += exp(logits[first + c] - peak); }
  let sum = total(lane, exps);`

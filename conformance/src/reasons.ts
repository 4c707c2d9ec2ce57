import type { BackendName } from './backend-names.ts'
import type { Result } from './result.ts'

/** Tests that fail for one reason: those that match all that is given. */
interface Rule {
  readonly reason: string
  /** Of `file: test`. */
  readonly test?: RegExp
  readonly message?: RegExp
  readonly backends?: readonly BackendName[]
}

/** Why tests of tfjs-core's fail here. The first rule that matches counts. */
const rules: readonly Rule[] = [
  // What tfjs's backends lack. No operator of ops runs on these kernels.
  {
    reason: 'tfjs: the backend has no such kernel',
    message: /Kernel '\w+' not registered for backend/,
  },
  {
    reason: 'tfjs: tfjs-backend-wasm has no strings and no complex numbers',
    message: /Unknown dtype string|^RuntimeError: Aborted|string comparison/,
    backends: ['wasm'],
  },
  {
    reason: 'tfjs: tfjs-backend-wasm has no strings and no complex numbers',
    test: /should support string comparison|sparseToDense > should work for string/,
    backends: ['wasm'],
  },
  {
    reason: 'tfjs: the backend has no NCHW',
    test: /NCHW/,
    message: /does not support dataFormat|Invalid TF_Status: 12|channelsFirst/,
  },
  {
    reason: "tfjs: the backend's fused kernels take a bias of rank 1 alone",
    message: /only supports rank-1 bias/,
    backends: ['wasm'],
  },
  {
    reason: "tfjs: tfjs-node's pooling and conv2dTranspose pad 'same' or 'valid' alone",
    message: /TF Backend supports only 'valid' and 'same' padding/,
    backends: ['tensorflow'],
  },
  {
    reason: 'tfjs: TensorFlow refuses what tfjs passes on to it',
    message: /Invalid TF_Status: (3|10)/,
    test: /avgPool3d > x=\[1,1,1,1,1\]|8x8x8|diag > bool|string comparison|int32|scatterND/,
    backends: ['tensorflow'],
  },
  {
    reason: "tfjs: the backend's own kernel does it differently, and ops does not use it",
    test: /einsum >|multinomial > creates the same data|numbers exceed float32|unique > 1d tensor with NaN|sparseSegment|pool > (max|avg) x=\[2,2,3\] f=\[1,1\] s=2 p=1 fractional|threshold > method otsu|throws when requesting out of bounds slice/,
    backends: ['wasm', 'tensorflow'],
  },
  {
    reason: 'tfjs: WGSL lets an implementation take it that there is no NaN',
    test: /propagates NaNs/i,
    backends: ['webgpu'],
  },
  {
    reason: "tfjs: WGSL's exp and tan are less exact than the test expects",
    test: /exp > int32|tan > (numbers exceed float32|gradients)/,
    message: /Arrays differ/,
    backends: ['webgpu'],
  },
  {
    reason: 'tfjs: kernels on a GPU cannot throw for what they find in a tensor',
    test: /gather > throws when index is out of bound|sparseSegment(Sum|Mean) > /,
    message: /^Expected function to throw/,
    backends: ['webgpu'],
  },
  {
    reason: 'tfjs: a kernel of tfjs-backend-webgpu, which ops does not use, has WGSL that does not compile',
    test: /threshold > method otsu/,
    message: /no matching overload|Invalid ComputePipeline "BincountProgram"/,
    backends: ['webgpu'],
  },
  {
    reason: 'tfjs: tfjs-backend-webgpu looks for the canvas of a page',
    test: /fromPixels, mock canvas/,
    backends: ['webgpu'],
  },
  {
    reason: 'tfjs: a tensor that is disposed while a GPU still computes it cannot be read',
    test: /tensor.data > (.data\(\) postpones disposal|calling .data\(\) twice)/,
    backends: ['webgpu'],
  },

  // What ops has not.
  {
    reason: 'ops: arguments that ops does not take run on a kernel of tfjs, which has no gradient',
    message:
      /gradient function not found for (ResizeBilinear|ResizeNearestNeighbor|MaxPool|AvgPool|Conv2D|DepthwiseConv2dNative|Conv2DBackpropInput|FusedBatchNorm|Elu|Relu6|Softplus|Step|OnesLike|ZerosLike|Prelu|LeakyRelu|ClipByValue|OneHot|SplitV|Reverse|Prod)\./,
  },
  {
    reason: "ops: no operator has this kernel, and tfjs's gradients are not loaded",
    message: /gradient function not found for \w+\./,
  },
  {
    reason: 'ops: no complex numbers',
    test: /complex64/,
  },
  {
    reason: 'ops: takes numbers alone, no texts and no complex numbers',
    message: /expected \w+ to be of numbers, got (string|complex64)/,
  },
  {
    reason: 'ops: gather has no batchDims',
    test: /gather_test.js: gather > .*batchDims/,
  },
  {
    reason: 'ops: takes tensors alone, as its types say; other values meet another error than in tfjs',
    test: /non-tensor|string tensor|accepts string|tensor-like|TensorLike/,
  },
  {
    reason: 'ops: its errors have other words',
    message: /but it threw an exception with message '\w+: (expected |the backend \w+ is still starting)/,
  },
  {
    reason: 'set-up: a list of numbers is made a tensor for ops, which stays',
    test: /custom ops do not leak/,
  },

  // Where ops follows PyTorch.
  {
    reason: "PyTorch: integers and conditions have no derivative (tfjs's is zero)",
    message:
      /has no derivative with respect to|grad: expected float32 inputs|grad: expected a float32 value to differentiate|Cannot compute gradient of y=f\(x\) with respect to x/,
  },
  {
    reason: 'PyTorch: what is no scalar is differentiated with a dy alone (tfjs: as its sum)',
    message: /grad: expected one value to differentiate, got/,
  },
  {
    reason: 'PyTorch: equal maxima and minima share the gradient',
    test: /(max|min) gradient: .*ties|(maximum|minimum) > gradients/,
    message: /Arrays differ/,
  },
  {
    reason: 'PyTorch: div of integers is not rounded',
    test: /div > (integer division|upcasts when dtypes)/,
  },
  {
    reason: 'PyTorch: matMul takes tensors of one dtype',
    test: /matmul > upcasts when dtypes/,
  },
  {
    reason: 'ops: conditions are combined by logicalAnd and logicalOr alone',
    test: /(maximum|minimum) > bool and bool/,
    message: /ShapeError/,
  },
  {
    reason: 'PyTorch: functions of float32 take integers',
    test: /> throws (for|when passed an) int32 tensor/,
  },
  {
    reason: 'ops: these activations take float32 alone',
    test: /(relu6|prelu|leakyrelu) > .*int32|pow > int32/,
    message: /ShapeError/,
  },
  {
    reason: 'PyTorch: NaN is the largest and the smallest value',
    test: /ignores NaNs/,
  },
  {
    reason: 'PyTorch: all and any take any dtype',
    test: /(all|any) > throws when dtype is not boolean/,
  },
  {
    reason: 'PyTorch: softmax is taken over any axis',
    test: /softmax > 2D, (dim|axis)=0 throws error/i,
  },
  {
    reason: 'PyTorch: matMul takes vectors',
    test: /matmul throws when passed a vector/,
  },
  {
    reason: 'PyTorch: dilated convolutions have gradients',
    test: /throws error on dilations > 1/,
  },
  {
    reason: 'PyTorch: the derivative of bᵉ with respect to e is NaN for a negative b (tfjs: 0)',
    test: /pow > (gradients: Tensor \^ Tensor|gradient wrt exponent with negative base)/,
  },
  {
    reason: 'tfjs: its gradient of mirrorPad leaves out the mirrored values, and its test expects that',
    test: /mirrorPad > (grad|gradient with clones)/,
  },
]

/** Why a test failed on a backend, or undefined where no reason is known. */
export const reasonFor = ({ file, name, message }: Result, backend: BackendName): string | undefined =>
  rules.find(
    (rule) =>
      (rule.backends?.includes(backend) ?? true) &&
      (rule.test?.test(`${file}: ${name}`) ?? true) &&
      (rule.message?.test(message) ?? true),
  )?.reason

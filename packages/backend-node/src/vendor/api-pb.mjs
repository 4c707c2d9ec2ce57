// tfjs-node writes TensorBoard histograms through 360 kB of protobuf code; @ddnet/formats writes them without TensorFlow.
export function HistogramPluginData() {
  throw new Error(
    'TensorFlow in Node: histogram summaries are not part of @ddnet/backend-node. Write them with @ddnet/formats.',
  )
}

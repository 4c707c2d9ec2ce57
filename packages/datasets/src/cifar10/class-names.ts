/** The ten classes in the order of their labels, as `batches.meta.txt` of the official archive has them. */
export const cifar10ClassNames = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const

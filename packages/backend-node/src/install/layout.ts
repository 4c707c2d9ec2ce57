/** TensorFlow's libraries, which lie in `tensorflow` of an installation as they do among Python's packages. */
export const libraries = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const

"""Checks ONNX files with ONNX's own checker, its shape inference included, and runs each with two batch sizes.

python3 -m venv VENV && VENV/bin/pip install onnx onnxruntime
VENV/bin/python packages/formats/test/check-onnx.py FILE...
"""

import sys

import numpy
import onnx
import onnxruntime

for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    shapes = []
    for batch in (1, 3):
        inputs = {
            value.name: numpy.zeros(
                [batch if isinstance(size, str) else size for size in value.shape],
                numpy.int32 if value.type == "tensor(int32)" else numpy.float32,
            )
            for value in session.get_inputs()
        }
        shapes.append([list(output.shape) for output in session.run(None, inputs)])
    nodes = ", ".join(sorted({node.op_type for node in model.graph.node}))
    print(f"{path}: valid, opset {model.opset_import[0].version}, outputs {shapes[0]} and {shapes[1]}; {nodes}")

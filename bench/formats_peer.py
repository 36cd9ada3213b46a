"""The figures of the report with numpy, of a model as its format's own library gives it: python3 formats_peer.py CASE FILE. Prints JSON.

`ms` is what a person waits for all tensors: the library's way to an array, float32 first where numpy has no such type, and numpy_peer.figures.
`loadMs` is the part before the figures.
"""
import json
import os
import struct
import sys
import time

import numpy as np

from numpy_peer import figures


def of_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
    for entry in header.values():
        raw = data[entry["data_offsets"][0] : entry["data_offsets"][1]]
        yield lambda raw=raw, dtype=entry["dtype"]: decoded(raw, dtype)


def decoded(raw, dtype):
    if dtype == "F32":
        return raw.view(np.float32)
    if dtype == "F16":
        return raw.view(np.float16).astype(np.float32)
    if dtype == "BF16":
        return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    import ml_dtypes

    return raw.view(ml_dtypes.float8_e4m3fn).astype(np.float32)


def of_gguf(path):
    import gguf

    for tensor in gguf.GGUFReader(path).tensors:
        yield lambda tensor=tensor: gguf.dequantize(tensor.data, tensor.tensor_type)


def of_pytorch(path):
    import torch

    for tensor in torch.load(path, map_location="cpu").values():
        yield lambda tensor=tensor: tensor.numpy()


def of_onnx(path):
    import onnx
    from onnx import numpy_helper

    for tensor in onnx.load(path).graph.initializer:
        yield lambda tensor=tensor: numpy_helper.to_array(tensor)


def of_hdf5(path):
    import h5py

    sets = []
    file = h5py.File(path, "r")
    file.visititems(lambda _, item: sets.append(item) if isinstance(item, h5py.Dataset) else None)
    for item in sets:
        yield lambda item=item: item[()]


def of_npz(path):
    file = np.load(path)
    for name in file.files:
        yield lambda name=name: file[name]


READERS = {"safetensors": of_safetensors, "gguf": of_gguf, "pytorch": of_pytorch, "onnx": of_onnx, "hdf5": of_hdf5, "npz": of_npz}

if __name__ == "__main__":
    case, path = sys.argv[1:]
    loaded = 0.0
    began = time.perf_counter()
    for load in READERS[case.split("-")[0]](path):
        start = time.perf_counter()
        w = np.asarray(load()).reshape(-1)
        loaded += time.perf_counter() - start
        figures(w)
    print(json.dumps({"ms": (time.perf_counter() - began) * 1000, "loadMs": loaded * 1000, "numpy": np.__version__, "bytes": os.path.getsize(path)}))

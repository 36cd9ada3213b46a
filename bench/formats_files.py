"""Models to measure with, written by the formats' own libraries: python3 formats_files.py CASE FILE MIB. Prints the bytes of the weights as JSON.

Matrices of 2048 x 2048 normal numbers, each with a scale and a start of its own, one in a thousand four times as large, and a bias beside each.
"""
import json
import struct
import sys

import numpy as np

SIDE = 2048
POOL = 1 << 22


def pool():
    random = np.random.default_rng(20240229)
    numbers = random.standard_normal(POOL, dtype=np.float32)
    numbers[random.random(POOL) < 0.001] *= 4
    return numbers


def arrays(total_bytes, element_bytes):
    numbers = pool()
    for index in range(max(1, int(total_bytes // (SIDE * SIDE * element_bytes)))):
        start = (index * 7919 * 2) % (POOL - SIDE)
        scale = np.float32(0.02 * (1 + index % 7))
        yield f"model.layers.{index}.mlp.up_proj.weight", scale * np.roll(numbers, -start)[: SIDE * SIDE].reshape(SIDE, SIDE)
        yield f"model.layers.{index}.mlp.up_proj.bias", scale * numbers[start : start + SIDE]


def bfloat16(w):
    bits = w.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def float8(w):
    import ml_dtypes

    return w.astype(ml_dtypes.float8_e4m3fn).view(np.uint8)


def write_safetensors(path, total, dtype, element_bytes, convert):
    header, at = {}, 0
    for name, w in arrays(total, element_bytes):
        header[name] = {"dtype": dtype, "shape": list(w.shape), "data_offsets": [at, at + w.size * element_bytes]}
        at += w.size * element_bytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, w in arrays(total, element_bytes):
            file.write(np.ascontiguousarray(convert(w)).tobytes())
    return at


def write_gguf(path, total, kind):
    import gguf

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    type_ = gguf.GGMLQuantizationType[kind]
    elements, block_bytes = gguf.GGML_QUANT_SIZES[type_]
    random = np.random.default_rng(1)
    written = 0
    if kind == "Q8_0":
        for index, (_, w) in enumerate(arrays(total, block_bytes / elements)):
            if w.ndim == 2:
                q = gguf.quantize(w, type_)
                writer.add_tensor(f"blk.{index // 2}.ffn_up.weight", q, raw_dtype=type_)
                written += q.nbytes
    else:
        # gguf-py reads K quants and writes none: scales as llama.cpp has them, codes at random.
        blocks = SIDE * SIDE // elements
        for index in range(max(1, int(total // (blocks * block_bytes)))):
            raw = random.integers(0, 256, (blocks, block_bytes), dtype=np.uint8)
            halves = np.stack([np.abs(random.normal(1e-3, 2e-4, blocks)), np.abs(random.normal(8e-3, 1e-3, blocks))], axis=1).astype(np.float16)
            raw[:, :4] = halves.view(np.uint8).reshape(blocks, 4)
            q = raw.reshape(SIDE, -1)
            writer.add_tensor(f"blk.{index}.ffn_up.weight", q, raw_dtype=type_)
            written += q.nbytes
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return written


def write_pytorch(path, total):
    import torch

    state = {name: torch.from_numpy(w.copy()) for name, w in arrays(total, 4)}
    torch.save(state, path)
    return sum(t.numel() * 4 for t in state.values())


def write_onnx(path, total):
    import onnx
    from onnx import helper, numpy_helper

    tensors = [numpy_helper.from_array(np.ascontiguousarray(w), name) for name, w in arrays(total, 4)]
    written = sum(len(t.raw_data) for t in tensors)
    nodes, last = [], "x"
    for index in range(0, len(tensors), 2):
        weight, bias = tensors[index].name, tensors[index + 1].name
        nodes += [helper.make_node("MatMul", [last, weight], [f"m{index}"]), helper.make_node("Add", [f"m{index}", bias], [f"y{index}"])]
        last = f"y{index}"
    graph = helper.make_graph(nodes, "bench", [helper.make_tensor_value_info("x", 1, [1, SIDE])], [helper.make_tensor_value_info(last, 1, [1, SIDE])], tensors)
    onnx.save(helper.make_model(graph), path, save_as_external_data=True, all_tensors_to_one_file=True, location="weights.data")
    return written


def write_hdf5(path, total, compression):
    import h5py

    written = 0
    with h5py.File(path, "w") as file:
        for name, w in arrays(total, 4):
            file.create_dataset(name.replace(".", "/"), data=w, compression=compression if w.ndim == 2 else None)
            written += w.nbytes
    return written


def write_npz(path, total):
    named = {name: w.copy() for name, w in arrays(total, 4)}
    np.savez_compressed(path, **named)
    return sum(w.nbytes for w in named.values())


CASES = {
    "safetensors-f32": lambda path, total: write_safetensors(path, total, "F32", 4, lambda w: w),
    "safetensors-bf16": lambda path, total: write_safetensors(path, total, "BF16", 2, bfloat16),
    "safetensors-f16": lambda path, total: write_safetensors(path, total, "F16", 2, lambda w: w.astype(np.float16)),
    "safetensors-f8": lambda path, total: write_safetensors(path, total, "F8_E4M3", 1, float8),
    "gguf-q8_0": lambda path, total: write_gguf(path, total, "Q8_0"),
    "gguf-q4_k": lambda path, total: write_gguf(path, total, "Q4_K"),
    "pytorch": write_pytorch,
    "onnx": write_onnx,
    "hdf5": lambda path, total: write_hdf5(path, total, None),
    "hdf5-gzip": lambda path, total: write_hdf5(path, total, "gzip"),
    "npz": write_npz,
}

if __name__ == "__main__":
    case, path, mib = sys.argv[1:]
    print(json.dumps({"bytes": int(CASES[case](path, float(mib) * 2**20))}))

"""The figures of the report contract with numpy, as one who knows it would write them: python3 numpy_peer.py MODEL [--units]. Prints JSON.

Tensor by tensor over a memory map; partition for all quantiles at once, sums by dot products, float64 for the moments.
With --units also what Weightgram counts of output units and input channels in the same pass: largest magnitude, norm and sum.
"""
import json
import os
import sys
import time

import numpy as np

QUANTILES = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]
BINS = 64


def figures(stored):
    w = stored if stored.dtype == np.float32 else stored.astype(np.float32)
    count = w.size
    finite = np.isfinite(w)
    nan = positive = negative = 0
    if not finite.all():
        nan = int(np.isnan(w).sum())
        positive = int(np.isposinf(w).sum())
        negative = int(np.isneginf(w).sum())
        w = w[finite]
    low, high = float(w.min()), float(w.max())
    magnitudes = np.abs(w)
    d = w.astype(np.float64)
    mean = float(d.mean())
    l2 = float(np.sqrt(np.dot(d, d)))
    d -= mean
    d2 = d * d
    m2 = float(d2.mean())
    m3 = float(np.dot(d2, d)) / w.size
    m4 = float(np.dot(d2, d2)) / w.size
    counts, edges = np.histogram(w, bins=BINS, range=(low, high))
    return {
        "count": count, "zeros": int(count - np.count_nonzero(stored)), "nan": nan, "positiveInfinity": positive, "negativeInfinity": negative,
        "nearZeros": int(np.count_nonzero(magnitudes <= max(-low, high) / 100)),
        "min": low, "max": high, "mean": mean, "standardDeviation": m2 ** 0.5,
        "skewness": m3 / m2 ** 1.5 if m2 else 0.0, "excessKurtosis": m4 / m2 ** 2 - 3 if m2 else 0.0,
        "l1Norm": float(magnitudes.sum(dtype=np.float64)), "l2Norm": l2,
        "quantiles": np.quantile(w, QUANTILES).tolist(), "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


def of_units(stored, shape):
    """Of a kernel whose last axis counts output units, and the one before it input channels."""
    w = stored.reshape(shape) if stored.dtype == np.float32 else stored.reshape(shape).astype(np.float32)
    results = []
    for axis in (-1, -2):
        others = tuple(i for i in range(w.ndim) if i != w.ndim + axis)
        letters = "abcdefgh"[:w.ndim]
        squares = np.einsum(f"{letters},{letters}->{letters[axis]}", w, w)
        results.append((np.maximum(w.max(axis=others), -w.min(axis=others)), np.sqrt(squares), w.sum(axis=others)))
    return results


def main(path, units):
    start = time.perf_counter()
    with open(path, encoding="utf-8") as file:
        (group,) = json.load(file)["weightsManifest"]
    folder = os.path.dirname(path)
    data = np.concatenate([np.fromfile(os.path.join(folder, name), dtype=np.uint8) for name in group["paths"]])
    at = 0
    results = {}
    loaded = time.perf_counter()
    for weight in group["weights"]:
        dtype = np.dtype(np.float16 if "quantization" in weight else np.float32)
        size = int(np.prod(weight["shape"])) * dtype.itemsize
        stored = data[at:at + size].view(dtype)
        results[weight["name"]] = figures(stored), of_units(stored, weight["shape"]) if units and len(weight["shape"]) > 1 else None
        at += size
    done = time.perf_counter()
    print(json.dumps({"ms": (done - loaded) * 1000, "loadMs": (loaded - start) * 1000, "bytes": at, "tensors": len(results), "numpy": np.__version__}))


if __name__ == "__main__":
    main(sys.argv[1], "--units" in sys.argv[2:])

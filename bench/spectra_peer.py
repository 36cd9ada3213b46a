"""Singular values by numpy, on one thread: python3 spectra_peer.py, then a line "FILE ROWS COLUMNS OUT" a run on standard input.

Answers each with a line of JSON: milliseconds of numpy.linalg.svd(compute_uv=False) of the float32 matrix as float64, as our own are.
The values go to OUT. One process for all runs, as ours is.
"""
import json
import sys
import time

import numpy as np


def blas():
    try:
        return np.show_config(mode='dicts')['Build Dependencies']['blas']['name']
    except Exception:
        return 'the system\'s'


for line in sys.stdin:
    file, rows, columns, out = line.split()
    start = time.perf_counter()
    values = np.linalg.svd(np.fromfile(file, np.float32).reshape(int(rows), int(columns)).astype(np.float64), compute_uv=False)
    ms = (time.perf_counter() - start) * 1000
    values.tofile(out)
    print(json.dumps({'ms': ms, 'numpy': np.__version__, 'blas': blas()}), flush=True)

"""The bare matrix product behind sufficient statistics: X'X of N rows of K columns, in OpenBLAS through NumPy."""
import json
import sys
import time

import numpy as np

N, K = int(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(1)
# By columns, as the library's matrices lie, and by rows, as NumPy's do.
for order in "FC":
    x = np.empty((N, K), order=order)
    for k in range(K):
        x[:, k] = rng.standard_normal(N)
    np.dot(x.T, x)
    for _ in range(5):
        start = time.perf_counter()
        np.dot(x.T, x)
        print(json.dumps({"kind": order, "seconds": time.perf_counter() - start}))

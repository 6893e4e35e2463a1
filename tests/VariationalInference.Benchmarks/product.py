"""The bare matrix product behind a table: N rows of K observations by the K x J response, in OpenBLAS through NumPy."""
import json
import time

import numpy as np

N, K, J = 100_000, 20, 50
rng = np.random.default_rng(1)
x = rng.standard_normal((N, K))
response = rng.standard_normal((K, J))
out = np.zeros((N, J))


def sample():
    start = time.perf_counter()
    for _ in range(20):
        np.matmul(x, response, out=out)
    return (time.perf_counter() - start) / 20


sample()
for _ in range(3):
    print(json.dumps({"kind": "product", "ns_row": sample() / N * 1e9}))

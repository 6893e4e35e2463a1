"""Factor analysis by scikit-learn, of a CSV table with a header line, without its constant columns."""
import json
import sys
import time
import warnings

import numpy as np
from sklearn.decomposition import FactorAnalysis

warnings.simplefilter("ignore")
x = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)[:, : int(sys.argv[2])]
x = x[:, x.std(0) > 0]
factors, tolerance = int(sys.argv[3]), float(sys.argv[4])
for method in ("randomized", "lapack"):
    model = FactorAnalysis(factors, tol=tolerance, max_iter=100_000, svd_method=method, random_state=0)
    for _ in range(3):
        start = time.perf_counter()
        model.fit(x)
        seconds = time.perf_counter() - start
        print(json.dumps({"kind": method, "seconds": seconds, "iterations": model.n_iter_, "loglik": model.score(x) * len(x)}))

"""Makes imputation.json: conditional means and standard deviations of cells removed from two data sets, by NumPy.

    python3 make_imputation.py ../learning > imputation.json

Shares no code with the library. A factor model is fitted to the table without the removed cells by plain expectation maximisation; its
parameters are rounded to 12 digits and kept, so that what is compared is the conditional distribution alone:
    mean m_u + C_uo C_oo^-1 (x_o - m_o), variance C_uu - C_uo C_oo^-1 C_ou, with C = A A^T + diag(r).
Cells are removed by a linear congruential generator, which anyone can repeat.
"""
import csv
import json
import sys

import numpy as np


def removed(rows, columns, count, seed, allowed):
    state, cells = seed, set()
    while len(cells) < count:
        state = (1103515245 * state + 12345) % 2**31
        n = state // 16 % rows
        state = (1103515245 * state + 12345) % 2**31
        k = state // 16 % columns
        if k in allowed and sum(1 for cell in cells if cell[0] == n) < columns // 2:
            cells.add((n, k))
    return sorted(cells)


def learn(table, factors, iterations, least):
    rows, columns = table.shape
    mean, spread = np.nanmean(table, axis=0), np.nanstd(table, axis=0)
    spread = np.where(spread > 0, spread, 1)
    standard = (table - mean) / spread
    filled = np.where(np.isnan(standard), 0, standard)
    _, s, vt = np.linalg.svd(filled, full_matrices=False)
    a, b, r = vt[:factors].T * s[:factors] / np.sqrt(rows), np.zeros(columns), np.full(columns, 0.5)
    for _ in range(iterations):
        zz, xz, counts = np.zeros((columns, factors + 1, factors + 1)), np.zeros((columns, factors + 1)), np.zeros(columns)
        squares = np.zeros(columns)
        for x in standard:
            o = ~np.isnan(x)
            precision = np.eye(factors) + (a[o].T / r[o]) @ a[o]
            covariance = np.linalg.inv(precision)
            z = covariance @ ((a[o].T / r[o]) @ (x[o] - b[o]))
            one = np.append(z, 1)
            moment = np.outer(one, one)
            moment[:factors, :factors] += covariance
            zz[o] += moment
            xz[o] += np.outer(x[o], one)
            squares[o] += x[o] ** 2
            counts[o] += 1
        for k in range(columns):
            weights = np.linalg.solve(zz[k] + 1e-9 * np.eye(factors + 1), xz[k])
            a[k], b[k] = weights[:factors], weights[factors]
            r[k] = max((squares[k] - weights @ xz[k]) / counts[k], least)
    return a * spread[:, None], mean + b * spread, r * spread**2


def case(name, path, rows, count, factors, iterations, seed, least):
    with open(path, newline="") as file:
        lines = list(csv.reader(file))[1:]
    columns = len(lines[0]) if name == "attitude" else 64
    table = np.array([[float(v) for v in line[:columns]] for line in lines[:rows]])
    allowed = [k for k in range(columns) if np.std(table[:, k]) > 0]
    cells = removed(len(table), columns, count, seed, set(allowed))
    holed = table.copy()
    for n, k in cells:
        holed[n, k] = np.nan
    a, b, r = (np.array([float(f"{v:.12g}") for v in x.ravel()]).reshape(x.shape) for x in learn(holed, factors, iterations, least))
    c = a @ a.T + np.diag(r)
    means, deviations = [], []
    for n, k in cells:
        o = ~np.isnan(holed[n])
        gain = np.linalg.solve(c[np.ix_(o, o)], c[o, k])
        means.append(b[k] + gain @ (holed[n, o] - b[o]))
        deviations.append(np.sqrt(c[k, k] - gain @ c[o, k]))
    truth = np.array([table[n, k] for n, k in cells])
    column_means = np.array([np.nanmean(holed[:, k]) for _, k in cells])
    return {
        "name": name,
        "rows": len(table),
        "columns": columns,
        "loadings": a.tolist(),
        "offset": b.tolist(),
        "noise_variances": r.tolist(),
        "removed": [list(cell) for cell in cells],
        "means": means,
        "deviations": deviations,
        "rmse": float(np.sqrt(np.mean((np.array(means) - truth) ** 2))),
        "rmse_of_column_means": float(np.sqrt(np.mean((column_means - truth) ** 2))),
    }


if __name__ == "__main__":
    folder = sys.argv[1]
    json.dump(
        [
            case("attitude", folder + "/attitude.csv", 30, 33, 2, 300, 7, 1e-3),
            case("digits", folder + "/digits8x8.csv", 300, 1920, 8, 60, 11, 1e-2),
        ],
        sys.stdout,
    )

"""Writes densities.json: log densities, their derivatives, probabilities and predictions, by mpmath at 40 digits.

Everything is computed from textbook formulas: derivatives by mpmath's differences of the log density, expectations by a
trapezoid rule over 18 standard deviations (45 for the predictive density of unlikely cells) whose step resolves the narrowest function here.
"""
import json

from mpmath import betainc, erfc, exp, gammainc, log, loggamma, log1p, mp, mpf, diff, pi, sqrt

mp.dps = 40


def sigma(x):
    return 1 / (1 + exp(-x))


def phi(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def binomial(x, n, p, q):
    return loggamma(n + 1) - loggamma(x + 1) - loggamma(n - x + 1) + (x * log(p) if x else 0) + ((n - x) * log(q) if n - x else 0)


def student(x, eta, t):
    return loggamma((t[1] + 1) / 2) - loggamma(t[1] / 2) - log(t[1] * pi) / 2 - log(t[0]) - (t[1] + 1) / 2 * log1p(((x - eta) / t[0]) ** 2 / t[1])


def student_cdf(x, eta, t):
    u = (x - eta) / t[0]
    tail = betainc(t[1] / 2, mpf(1) / 2, 0, t[1] / (t[1] + u * u), regularized=True) / 2
    return 1 - tail if u > 0 else tail


def cuts(t):
    c = [t[0]]
    for gap in t[1:]:
        c.append(c[-1] + gap)
    return c


def ordinal(x, eta, t):
    c = cuts(t)
    if x == 0:
        return -log1p(exp(eta - c[0]))
    if x == len(c):
        return -log1p(exp(c[-1] - eta))
    a, b = c[x - 1] - eta, c[x] - eta   # sigma(b) - sigma(a)
    return log(exp(-a) * (1 - exp(a - b))) - log1p(exp(-a)) - log1p(exp(-b))


def negative_binomial(x, mu, r):
    return loggamma(x + r) - loggamma(r) - loggamma(x + 1) + r * log(r / (r + mu)) + x * log(mu / (r + mu))


# Each: log density of (x, eta, size, theta), cdf, mean, variance of x.
KINDS = {
    "gaussian": (
        lambda x, e, n, t: -(log(2 * pi * t[0]) + (x - e) ** 2 / t[0]) / 2, lambda x, e, n, t: phi((x - e) / sqrt(t[0])),
        lambda e, n, t: e, lambda e, n, t: t[0]),
    "bernoulli": (
        lambda x, e, n, t: -log1p(exp(-e if x else e)), lambda x, e, n, t: sigma(-e) if x < 1 else mpf(1),
        lambda e, n, t: sigma(e), lambda e, n, t: sigma(e) * sigma(-e)),
    "probit": (
        lambda x, e, n, t: log(phi(e if x else -e)) if (e > 0) != bool(x) else log1p(-phi(-e if x else e)), lambda x, e, n, t: phi(-e) if x < 1 else mpf(1),
        lambda e, n, t: phi(e), lambda e, n, t: phi(e) * phi(-e)),
    "binomial": (
        lambda x, e, n, t: binomial(x, n, sigma(e), sigma(-e)),
        lambda x, e, n, t: betainc(n - x, x + 1, 0, sigma(-e), regularized=True) if x < n else mpf(1),
        lambda e, n, t: n * sigma(e), lambda e, n, t: n * sigma(e) * sigma(-e)),
    "poisson": (
        lambda x, e, n, t: x * (e + log(n)) - n * exp(e) - loggamma(x + 1), lambda x, e, n, t: gammainc(x + 1, n * exp(e), regularized=True),
        lambda e, n, t: n * exp(e), lambda e, n, t: n * exp(e)),
    "negative_binomial": (
        lambda x, e, n, t: negative_binomial(x, n * exp(e), t[0]),
        lambda x, e, n, t: betainc(t[0], x + 1, 0, t[0] / (t[0] + n * exp(e)), regularized=True),
        lambda e, n, t: n * exp(e), lambda e, n, t: n * exp(e) + (n * exp(e)) ** 2 / t[0]),
    "student_t": (
        lambda x, e, n, t: student(x, e, t), lambda x, e, n, t: student_cdf(x, e, t),
        lambda e, n, t: e, lambda e, n, t: t[0] ** 2 * t[1] / (t[1] - 2)),
    "ordinal": (
        lambda x, e, n, t: ordinal(x, e, t), lambda x, e, n, t: sigma(cuts(t)[x] - e) if x < len(t) else mpf(1),
        lambda e, n, t: sum(sigma(e - c) for c in cuts(t)),
        lambda e, n, t: sum((2 * k + 1) * sigma(e - c) for k, c in enumerate(cuts(t))) - sum(sigma(e - c) for c in cuts(t)) ** 2),
    "gamma": (
        lambda x, e, n, t: t[0] * log(t[0]) - loggamma(t[0]) + (t[0] - 1) * log(x) - t[0] * e - t[0] * x * exp(-e),
        lambda x, e, n, t: gammainc(t[0], 0, t[0] * x * exp(-e), regularized=True),
        lambda e, n, t: exp(e), lambda e, n, t: exp(2 * e) / t[0]),
    "exponential": (
        lambda x, e, n, t: -e - x * exp(-e), lambda x, e, n, t: 1 - exp(-x * exp(-e)), lambda e, n, t: exp(e), lambda e, n, t: exp(2 * e)),
}

# Kind, parameters, cells (value, size).
CASES = [
    ("gaussian", [0.3], [(1.25, 1), (-40, 1)]),
    ("bernoulli", [], [(0, 1), (1, 1)]),
    ("probit", [], [(0, 1), (1, 1)]),
    ("binomial", [], [(0, 1), (3, 10), (37, 1000), (2000, 2000), (1500, 4000)]),
    ("poisson", [], [(0, 1), (7, 2.5), (250, 0.04), (3000, 1)]),
    ("negative_binomial", [0.5], [(0, 1), (12, 3.5)]),
    ("negative_binomial", [3], [(5, 1), (400, 0.1)]),
    ("negative_binomial", [1e6], [(4, 1)]),
    ("student_t", [0.7, 4], [(0.3, 1)]),
    ("student_t", [2, 30], [(25, 1)]),
    ("student_t", [1, 2.5], [(-3, 1)]),
    ("ordinal", [-1, 1.5, 1.5], [(0, 1), (1, 1), (2, 1), (3, 1)]),
    ("ordinal", [0.5], [(0, 1), (1, 1)]),
    ("ordinal", [0, 1e-6], [(1, 1)]),
    ("gamma", [2.5], [(0.7, 1)]),
    ("gamma", [0.3], [(12, 1), (1e-9, 1)]),
    ("gamma", [4000], [(1.1, 1)]),
    ("exponential", [], [(1.8, 1)]),
]
POINTS = [mpf(x) for x in ("-35", "-6.5", "-1.25", "0", "0.375", "3", "9.5", "28")]
BELIEFS = [(mpf("-0.75"), mpf("0.0625")), (mpf("0.5"), mpf("1.25")), (mpf("2"), mpf("6.25"))]


def number(x):
    return float(mp.nstr(x, 25))


def average(f, mean, variance, width, reach=18):
    deviation = sqrt(variance)
    step = min(mpf("0.12"), width / deviation)
    half = int(reach / step)
    total = mpf(0)
    for i in range(-half, half + 1):
        t = i * step
        total += exp(-t * t / 2) * f(mean + deviation * t)
    return total * step / sqrt(2 * pi)


cases = []
for kind, parameters, cells in CASES:
    density, cdf, centre, spread = KINDS[kind]
    theta = [mpf(p) for p in parameters]
    for x, n in cells:
        x, n = (mpf(x) if kind in ("gaussian", "student_t", "gamma", "exponential") else x), mpf(n)
        points = []
        for eta in POINTS:
            at = lambda e: density(x, e, n, theta)
            points.append({
                "eta": number(eta), "log": number(at(eta)), "first": number(diff(at, eta, h=mpf(10) ** -14)),
                "second": number(diff(at, eta, 2, h=mpf(10) ** -10)),
                "cdf": number(cdf(x, eta, n, theta)), "mean": number(centre(eta, n, theta)), "variance": number(spread(eta, n, theta))})
        beliefs = []
        # Large counts and shapes make a density that is narrow in eta, 1/63 at shape 4000, and probabilities nearly so.
        large = x > 200 or 4000 in parameters
        width = mpf("0.01") if 4000 in parameters else mpf("0.02") if kind == "student_t" or large else mpf("0.06")
        for mean, variance in BELIEFS:
            gradient = []
            for j in range(len(theta)):
                def slope(e, j=j):
                    h = theta[j] * mpf(10) ** -16 if theta[j] else mpf(10) ** -16
                    up, down = theta[:], theta[:]
                    up[j] += h
                    down[j] -= h
                    return (density(x, e, n, up) - density(x, e, n, down)) / (2 * h)
                gradient.append(number(average(slope, mean, variance, width)))
            first = average(lambda e: centre(e, n, theta), mean, variance, width)
            second = average(lambda e: spread(e, n, theta) + (centre(e, n, theta) - first) ** 2, mean, variance, width)
            beliefs.append({
                "mean": number(mean), "variance": number(variance), "gradient": gradient,
                "expectation": number(average(lambda e: density(x, e, n, theta), mean, variance, width)),
                "log_predictive": number(log(average(lambda e: exp(density(x, e, n, theta)), mean, variance, mpf("0.01") if large else width, 45))),
                "predictive_cdf": number(average(lambda e: cdf(x, e, n, theta), mean, variance, width)),
                "predictive_mean": number(first), "predictive_variance": number(second)})
        cases.append({"kind": kind, "parameters": parameters, "value": number(x), "size": number(n), "points": points, "beliefs": beliefs})
        print(kind, parameters, x, flush=True)

with open("densities.json", "w") as file:
    file.write('{"cases": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]}\n")

"""Measures of known factors, as disentanglement_lib defines them, with scikit-learn's estimators (which it calls too).

Factors: kind (3 values), row (5) and light (continuous, which is cut into 20 bins or predicted as a number).
"""
import numpy as np
from scipy.stats import entropy
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.metrics import mutual_info_score, r2_score
from sklearn.svm import LinearSVC

from report import demand

NAMES = ("0", "1", "2")
CONTINUOUS = 2


def check(report, run):
    r = run("vae")
    (fit, fit_rows), (test, rows) = r.embeddings("train", "mean"), r.embeddings("test", "mean")
    factors = np.load("factors.npy")
    report.check("MIG equals scikit-learn", gap, r, test, factors[rows])
    report.check("SAP equals scikit-learn", separated, r, fit, factors[fit_rows], test, factors[rows])
    report.check("DCI is near scikit-learn's", trees, r, fit, factors[fit_rows], test, factors[rows])
    report.check("FactorVAE score is near NumPy's", votes, r, test, factors[rows])


def discrete(column):
    return np.digitize(column, np.histogram(column, 20)[1][:-1])


def classes(factors, j):
    return discrete(factors[:, j]) if j == CONTINUOUS else factors[:, j].astype(int)


def gap(run, mu, factors):
    expected = {}
    for j, name in enumerate(NAMES):
        v = classes(factors, j)
        information = sorted(mutual_info_score(v, discrete(mu[:, d])) for d in range(mu.shape[1]))
        expected[f"mig/{name}"] = (information[-1] - information[-2]) / mutual_info_score(v, v)
    # A value at a bin's edge may fall to either side: numpy's edges are sums, ours are products.
    return run.equal(expected | {"mig": np.mean(list(expected.values()))}, tolerance=2e-3)


def separated(run, fit, fit_factors, test, factors):
    gaps = []
    for j in range(3):
        scores = []
        for d in range(fit.shape[1]):
            a, v = fit[:, d].astype(np.float64), fit_factors[:, j].astype(np.float64)
            if j == CONTINUOUS:
                scores.append(np.cov(a, v, ddof=1)[0, 1] ** 2 / (a.var(ddof=1) * v.var(ddof=1)) if a.var() > 1e-12 else 0)
                continue
            svm = LinearSVC(C=0.01, class_weight="balanced", tol=1e-10, max_iter=100000).fit(a[:, None], v.astype(int))
            scores.append((svm.predict(test[:, d:d + 1].astype(np.float64)) == factors[:, j].astype(int)).mean())
        scores.sort()
        gaps.append(scores[-1] - scores[-2])
    return run.equal({"sap": np.mean(gaps)})


def trees(run, fit, fit_factors, test, factors):
    """Where two features divide a node alike, scikit-learn takes one at random."""
    importance, informed = [], []
    for j in range(3):
        if j == CONTINUOUS:
            model = GradientBoostingRegressor(random_state=0).fit(fit, fit_factors[:, j])
            informed.append(r2_score(factors[:, j], model.predict(test)))
        else:
            model = GradientBoostingClassifier(random_state=0).fit(fit, fit_factors[:, j].astype(int))
            informed.append((model.predict(test) == factors[:, j].astype(int)).mean())
        importance.append(model.feature_importances_)
    p = np.array(importance).T  # [latents, factors]
    d = ((1 - entropy(p.T + 1e-11, base=p.shape[1])) * p.sum(1) / p.sum()).sum()
    c = ((1 - entropy(p + 1e-11, base=p.shape[0])) * p.sum(0) / p.sum()).sum()
    return run.equal({"dci_disentanglement": d, "dci_completeness": c, "dci_informativeness": np.mean(informed)}, tolerance=0.01)


def votes(run, mu, factors):
    draw, scale = np.random.default_rng(1), mu.var(0, ddof=1)
    used = np.sqrt(scale) >= 0.05

    def table(n):
        t = np.zeros((3, used.sum()), int)
        for _ in range(n):
            j = draw.integers(3)
            v = classes(factors, j)
            rows = np.flatnonzero(v == v[draw.integers(len(v))])
            if len(rows) < 2:
                continue
            local = mu[draw.choice(rows, 64)].var(0, ddof=1)
            t[j, np.argmin((local / scale)[used])] += 1
        return t

    best, judged = table(10000).argmax(0), table(5000)
    score = judged[best, np.arange(judged.shape[1])].sum() / judged.sum()
    demand(abs(run.metrics["factor_vae_score"] - score) <= 0.03, f"factor_vae_score is {run.metrics['factor_vae_score']}, expected {score} within 0.03")
    return f"{run.metrics['factor_vae_score']:.3f} and {score:.3f}"

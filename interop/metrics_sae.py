"""Sparse autoencoders beside SAELens, dictionary_learning, SciPy and scikit-learn."""
import numpy as np
import torch
from dictionary_learning.evaluation import evaluate
from sae_lens.evals import ExplainedVarianceCalculator
from scipy.optimize import linear_sum_assignment
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from report import demand


def check(report, run):
    topk, relu = run("sae"), run("relu")
    for r in (topk, relu):
        report.check(f"metrics of {r.name} equal dictionary_learning", theirs, r)
        report.check(f"metrics of {r.name} equal SAELens", saelens, r)
        report.check(f"metrics of {r.name} equal NumPy", counts, r)
    report.check("sparse probes equal scikit-learn", probes, topk)
    report.check("cosines with another decoder equal NumPy", cosines, topk, relu)
    report.check("recovery of a known dictionary equals NumPy", recovery, run("atoms"), run("identity"))


def arrays(run):
    """x, reconstructions and codes of the test split, in float64."""
    codes, rows = run.embeddings()
    out, again = run.predictions()
    demand(np.array_equal(rows, again), "embeddings and predictions are of other rows")
    return (torch.from_numpy(a.astype(np.float64)) for a in (np.load("vectors.npy")[rows], out, codes))


class Stub:
    """A dictionary whose answers are known already."""

    def __init__(self, out, codes):
        self.out, self.codes, self.dict_size, self.activation_dim = out, codes, codes.shape[1], out.shape[1]

    def __call__(self, x, output_features):
        return self.out, self.codes


def theirs(run):
    x, out, codes = arrays(run)
    got = evaluate(Stub(out, codes), iter([x]), device="cpu")
    return run.equal({"l0": got["l0"], "l1": got["l1_loss"], "explained_variance": got["frac_variance_explained"], "cosine": got["cossim"],
                      "l2_ratio": got["l2_ratio"], "relative_bias": got["relative_reconstruction_bias"], "dead": 1 - got["frac_alive"]})


def saelens(run):
    x, out, codes = arrays(run)
    streaming = ExplainedVarianceCalculator()
    for a, b in zip(x.split(50), out.split(50)):
        streaming.add_batch(b, a)
    # Its evaluation needs a language model around these two lines.
    legacy = 1 - (x - out).pow(2).sum(-1) / (x - x.mean(0)).pow(2).sum(-1)
    return run.equal({"explained_variance_saelens": streaming.compute(), "explained_variance_legacy": legacy.mean().item(),
                      "l0": (codes != 0).sum(-1).double().mean().item()})


def counts(run):
    x, out, codes = (t.numpy() for t in arrays(run))
    active, density, e = (codes > 0).sum(1), (codes > 0).mean(0), x - out
    logs, histogram = np.log10(density[density > 0]), run.said["density_log10"]
    edges = [b["from"] for b in histogram] + [1e-9]  # the last bin holds latents that are always active
    counted, _ = np.histogram(logs, edges)
    demand(counted.tolist() == [b["count"] for b in histogram], f"densities {histogram}, expected {counted.tolist()}")
    return run.equal({
        "mse": (e ** 2).mean(), "fvu": (e ** 2).sum() / ((x - x.mean(0)) ** 2).sum(), "nmse": ((e ** 2).sum(1) / (x ** 2).sum(1)).mean(),
        "l0_median": np.median(active), "l0_p95": np.percentile(active, 95), "dead": (density == 0).mean(),
        "dense_0.5": (density > 0.5).mean(), "dense_0.1": (density > 0.1).mean(), "dense_0.01": (density > 0.01).mean()})


def probes(run):
    (test, rows), (fit, fit_rows) = run.embeddings("test"), run.embeddings("train")
    labels = np.load("classes.npy")
    expected = {}
    for k in (1, 2, 5):
        scores = []
        for c in range(3):
            of, truth = labels[fit_rows] == c, labels[rows] == c
            difference = fit[of].mean(0, dtype=np.float64) - fit[~of].mean(0, dtype=np.float64)
            best = np.argsort(-abs(difference), kind="stable")[:k]
            probe = LogisticRegression(class_weight="balanced", tol=1e-10, max_iter=10000).fit(fit[:, best].astype(np.float64), of)
            scores.append(balanced_accuracy_score(truth, probe.predict(test[:, best].astype(np.float64))))
        expected[f"probe_{k}"] = np.mean(scores)
    return run.equal(expected)


def unit(a):
    a = np.asarray(a, np.float64)
    return a / np.linalg.norm(a, axis=1, keepdims=True)


def decoder(run):
    return unit(run.checkpoint()["model_state_dict"]["W_dec"].numpy())


def cosines(run, other):
    all_ = decoder(run) @ decoder(other).T
    run.metrics = run.trainer("evaluate", run.directory, "device=cpu", "splits=[test]", flags=["--against", other.directory])["splits"]["test"]["metrics"]
    matched = all_[linear_sum_assignment(all_, maximize=True)].mean()
    return run.equal({"mmcs": all_.max(1).mean(), "mmcs_reverse": all_.max(0).mean(), "matched_cosine": matched})


def recovery(run, identity):
    """The atoms are read off the data, which the first layer of another model is given."""
    identity.trainer.infer("extract-embeddings", identity.directory, "splits=[train]", "output.what='0'")
    atoms = []
    for row in unit(np.load(identity.directory / "embeddings" / "train_embeddings.npy")):
        if not any(row @ a > 1 - 1e-5 for a in atoms):
            atoms.append(row)
    demand(len(atoms) == 20, f"{len(atoms)} different directions, expected 20")
    best = (np.array(atoms) @ decoder(run).T).max(1)
    return run.equal({"recovered": (best >= 0.9).mean(), "recovery": best.mean()})

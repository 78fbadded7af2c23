"""Classifiers and regressors beside scikit-learn."""
import numpy as np
from sklearn import metrics as sk


def check(report, run):
    classifier, binary, regressor = run("classifier"), run("binary"), run("regressor")
    report.check("metrics of three classes equal scikit-learn", three_classes, classifier)
    report.check("metrics of two classes equal scikit-learn", two_classes, binary)
    report.check("metrics of a regressor equal scikit-learn", regression, regressor)


def expected(labels, probabilities, answers, area):
    return {
        "accuracy": sk.accuracy_score(labels, answers), "balanced_accuracy": sk.balanced_accuracy_score(labels, answers),
        "f1_macro": sk.f1_score(labels, answers, average="macro"), "f1_micro": sk.f1_score(labels, answers, average="micro"),
        "precision_macro": sk.precision_score(labels, answers, average="macro", zero_division=0),
        "recall_macro": sk.recall_score(labels, answers, average="macro"), "roc_auc": area,
        "log_loss": sk.log_loss(labels, probabilities), "ece": calibration(labels, probabilities, answers),
    }


def calibration(labels, probabilities, answers):
    """Guo et al. 2017: 15 bins (m - 1, m] / 15 of the confidence."""
    confidence, right = probabilities.max(1), answers == labels
    total = 0.0
    for m in range(15):
        inside = (confidence > m / 15) & (confidence <= (m + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def three_classes(run):
    logits, rows = run.predictions()
    labels, logits = np.load("classes.npy")[rows], logits.astype(np.float64)
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    confusion = sk.confusion_matrix(labels, p.argmax(1))
    if confusion.tolist() != run.said["confusion"]:
        raise AssertionError(f"confusion is {run.said['confusion']}, expected {confusion.tolist()}")
    return run.equal(expected(labels, p, p.argmax(1), sk.roc_auc_score(labels, p, multi_class="ovr")))


def two_classes(run):
    logits, rows = run.predictions()
    yes = 1 / (1 + np.exp(-logits.astype(np.float64).ravel()))
    labels, p = np.load("halves.npy")[rows], np.stack([1 - yes, yes], 1)
    return run.equal(expected(labels, p, p.argmax(1), sk.roc_auc_score(labels, yes)))


def regression(run):
    y, rows = run.predictions()
    truth = np.load("targets.npy")[rows].astype(np.float64)
    return run.equal({"mse": sk.mean_squared_error(truth, y), "rmse": sk.mean_squared_error(truth, y) ** 0.5,
                      "mae": sk.mean_absolute_error(truth, y), "r2": sk.r2_score(truth, y, multioutput="variance_weighted")})

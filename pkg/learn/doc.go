// Package learn has the small predictors that measures of representations are defined
// by: gradient-boosted trees, a linear support vector machine of one feature, and
// logistic regression. Each is the estimator of scikit-learn that its comment names, with
// that one's defaults, so that a number means what it means in the literature.
//
// It promises that the same data give the same predictor: nothing is drawn at random, and
// among equally good splits the one of the first feature is taken.
//
// Shapes: x is [n, k] in C order, n samples of k features; classes are numbered from 0.
package learn

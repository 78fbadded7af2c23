// Package metrics judges models by numbers over a whole split: reconstruction, sparsity,
// posterior, classes and known factors. What is added up comes batch by batch, in float64;
// a value does not depend on how the split was cut into batches. Every name has one
// definition, which Definition tells.
package metrics

// Value is a named number.
type Value struct {
	Name  string
	Value float64
}

// definitions are sentences with the formula; x is the input, y its reconstruction, both
// with D dimensions, e = x - y, and means and variances are over the split's samples.
var definitions = map[string]string{
	"mse":                "mean of e² over samples and dimensions",
	"fvu":                "fraction of variance unexplained: Σ|e|² / Σ|x - mean(x)|², the mean over the whole split",
	"explained_variance": "1 - Σ_d Var(e_d) / Σ_d Var(x_d) (as dictionary_learning has it); a constant error is not seen, so it is at least 1 - fvu",
	"nmse":               "mean over samples of |e|² / |x|² (as OpenAI's sparse_autoencoder has it)",
	"cosine":             "mean over samples of the cosine of x and y",
	"l2_ratio":           "mean over samples of |y| / |x|",
	"relative_bias":      "mean |y|² / mean(x·y); below 1 the reconstructions are too short (shrinkage)",
	"psnr":               "peak signal-to-noise ratio in dB: mean over samples of 10 log10(range² / mean_d e²), range that of the data",
	"ssim":               "structural similarity (Wang et al. 2004): Gaussian window of 11 pixels, deviation 1.5, K1 0.01, K2 0.03, mean over windows, channels and samples",

	"l0":           "mean number of active latents (f > 0) of a sample",
	"l0_median":    "median of the number of active latents of a sample",
	"l0_p95":       "95th percentile of the number of active latents of a sample",
	"l1":           "mean sum of the activations of a sample",
	"dead":         "share of latents that no sample of the split activates",
	"dense_0.1":    "share of latents that more than 10 % of the samples activate",
	"dense_0.01":   "share of latents that more than 1 % of the samples activate",
	"mmcs":         "mean over this model's latents of the largest cosine of their decoder row with one of the other model's; not symmetric",
	"recovered":    "share of the true dictionary's atoms whose cosine with some decoder row is above 0.9",
	"recovery":     "mean over the true dictionary's atoms of the largest cosine with a decoder row",
	"kl":           "KL(q(z|x) ‖ N(0, I)) in nats: mean over samples, summed over dimensions",
	"active_units": "latent dimensions whose mean has a variance above 0.01 over the samples (Burda et al. 2015)",
	"mig":          "mutual information gap (Chen et al. 2018): mean over factors of (I of the best latent - I of the second) / H(factor), latents in 20 bins of equal width",

	"accuracy":          "share of right answers",
	"balanced_accuracy": "mean over classes of the share of right answers",
	"f1_macro":          "mean over classes of the F1 score; 0 for a class that was never right",
	"log_loss":          "mean negative log likelihood of the right class in nats, by the softmax of the logits",
	"mae":               "mean of |e| over samples and outputs",
	"r2":                "1 - Σ|e|² / Σ|y - mean(y)|², summed over outputs",
}

// Definition says what a name means; it is empty for a name that this package does not
// compute.
func Definition(name string) string { return definitions[name] }

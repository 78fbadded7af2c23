package metrics

import "strings"

// Definition is a name with the sentence that says what it means.
type Definition struct{ Name, Text string }

// Definitions are all of a kind.
type Definitions struct {
	Title string
	List  []Definition
}

// All has a sentence with the formula for each name and, after a semicolon, its source. x
// is the input, y its reconstruction, both with D dimensions and as the model takes them,
// e = x - y, f the codes of an SAE, mu and s the mean and the log variance of q(z|x), and
// means and variances are over the samples of the split. A name that ends in a slash is of
// all that begin so.
var All = []Definitions{
	{"Terms of the loss", []Definition{
		{"loss", "the training loss without dropout and with its final weights, mean over samples"},
		{"recon", "negative log likelihood of x under p(x|z) without constants, one draw of z a sample, nats, with bernoulli on values between 0 and 1 that of no normalised density, of msssim_vae its weight times 1 - MS-SSIM with zeros around images and factors (1 + f)/2"},
		{"kl_weight", "the share of the KL term's weight in force, 1 outside training"},
		{"capacity", "what the KL term is drawn to, the last one outside training, nats"},
		{"sigma", "standard deviation of the Gaussian likelihood, where it is the optimal one that of the batch's errors; Rybkin et al. 2020 (arXiv 2006.13202)"},
		{"bound", "mean over samples of ln mean_s p(x, z_s) / q(z_s|x), S draws of z a sample, without constants, nats; Burda et al. 2015 (arXiv 1509.00519)"},
		{"mi", "ln q(z|x) - ln q(z) by the estimator of the loss, on its batches, nats: mutual_information is the one to compare; Chen et al. 2018 (arXiv 1802.04942)"},
		{"tc", "ln q(z) - Σ_j ln q(z_j) by the estimator of the loss (factor_vae: what its discriminator tells), on its batches, nats, which may be below 0: total_correlation is the one to compare; Chen et al. 2018 (arXiv 1802.04942)"},
		{"dwkl", "Σ_j ln q(z_j) - ln p(z_j) by the estimator of the loss, on its batches, nats: dimension_kl is the one to compare; Chen et al. 2018 (arXiv 1802.04942)"},
		{"dip", "the penalty on the distance of the codes' covariance over the batch from the identity, with its weights; Kumar et al. 2018 (arXiv 1711.00848)"},
		{"l2", "mean over samples of |e|²"},
		{"aux", "the auxiliary loss (AuxK) before its weight"},
		{"penalty", "the sparsity penalty before its weight"},
		{"ghost", "the loss of ghost gradients before its weight"},
		{"sparsity_coefficient", "the coefficient of the sparsity penalty in force"},
		{"threshold", "the threshold of the activation outside training, or its mean over latents"},
		{"mmd", "maximum mean discrepancy of codes and prior by the estimator of the loss, which may be below 0; Gretton et al. 2012"},
		{"commitment", "the commitment loss of a codebook before its weight; van den Oord et al. 2017 (arXiv 1711.00937)"},
		{"discriminator", "the discriminator's loss, ln 2 where it tells nothing; Kim and Mnih 2018 (arXiv 1802.05983)"},
	}},
	{"Reconstructions", []Definition{
		{"mse", "mean of e² over samples and dimensions, where e of a regressor is target - output"},
		{"rmse", "square root of mse"},
		{"fvu", "fraction of variance unexplained: Σ|e|² / Σ|x - mean(x)|², the mean over the whole split"},
		{"explained_variance", "1 - Σ_d Var(e_d) / Σ_d Var(x_d), a constant error is not seen, so it is at least 1 - fvu; dictionary_learning"},
		{"explained_variance_saelens", "1 - mean |e|² / mean |x - mean(x)|², the mean over the whole split, which is 1 - fvu; SAELens, explained_variance"},
		{"explained_variance_legacy", "mean over samples of 1 - |e|² / |x - mean(x)|², very negative where a sample lies near the mean; SAELens, explained_variance_legacy"},
		{"nmse", "mean over samples of |e|² / |x|², not centred; OpenAI's sparse_autoencoder"},
		{"cosine", "mean over samples of the cosine of x and y"},
		{"l2_ratio", "mean over samples of |y| / |x|"},
		{"relative_bias", "mean |y|² / mean(x·y), below 1 the reconstructions are too short (shrinkage); Rajamanoharan et al. 2024 (arXiv 2404.16014), SAELens"},
		{"psnr", "peak signal-to-noise ratio in dB: mean over samples of 10 log10(range² / mean_d e²), in the data's own units, range 1 for data in [0, 1], else the largest minus the smallest value of the split"},
		{"ssim", "structural similarity: Gaussian window of 11 pixels and deviation 1.5, K1 0.01, K2 0.03, range as in psnr, mean over windows, channels and samples; Wang et al. 2004"},
		{"ms_ssim", "structural similarity over M scales, each of half the size: Π_{j<M} cs_j^w_j · ssim_M^w_M, cs the factor of contrast and structure, 0 where below, window and range as in ssim, M as many up to 5 as leave 11 pixels, none for pictures of less than 22 pixels, w that of the paper for 5 scales and pythae's for fewer, mean over channels and samples; Wang et al. 2003"},
	}},
	{"Sparse autoencoders", []Definition{
		{"l0", "mean number of active latents (f > 0) of a sample"},
		{"l0_median", "median of the number of active latents of a sample"},
		{"l0_p95", "95th percentile of the number of active latents of a sample"},
		{"l1", "mean sum of the activations of a sample"},
		{"dead", "share of latents that no sample of the split activates"},
		{"dense_0.5", "share of latents that more than 50 % of the samples activate"},
		{"dense_0.1", "share of latents that more than 10 % of the samples activate"},
		{"dense_0.01", "share of latents that more than 1 % of the samples activate"},
		{"mmcs", "mean over this model's latents of the largest cosine of their decoder row with one of the other model's, not symmetric; Sharkey et al. 2022"},
		{"mmcs_reverse", "mmcs the other way round: mean over the other model's latents"},
		{"matched_cosine", "mean cosine of the decoder rows of this model's and the other model's latents where each is paired with one only, the pairs with the largest sum (Hungarian method), up to 4096 latents, over those of the smaller model; Paulo and Belrose 2025 (arXiv 2501.16615)"},
		{"recovered", "share of the true dictionary's atoms whose cosine with some decoder row is 0.9 or more, of a skip transcoder, where other W_skip with other rows are the same map, with the sum of its outputs less their mean, weighed with the latent's activation"},
		{"recovery", "mean over the true dictionary's atoms of the largest cosine with a decoder row"},
		{"probe_k", "mean over classes of the balanced accuracy of a logistic regression (C 1, balanced weights) on k latents, those whose mean differs most between the class and the others, fitted on up to 10,000 samples of the train split and judged on this one, classes of less than 5 samples left out; Gurnee et al. 2023 (arXiv 2305.01610)"},
	}},
	{"Variational autoencoders", []Definition{
		{"kl", "KL(q(z|x) ‖ p(z)) in nats: mean over samples, summed over dimensions, p(z) being N(0, I), or the model's own prior, to which it is that of one draw of z a sample (vamp) or exact (cvae)"},
		{"kl/", "KL of one latent dimension to N(0, 1), also where the prior is another, mean over samples, nats"},
		{"active_units", "latent dimensions whose mean has a variance above 0.01 over the samples; Burda et al. 2015 (arXiv 1509.00519)"},
		{"elbo", "mean over samples of ln p(x, z) - ln q(z|x) with all constants, over the draws of z that nll has, nats, which unlike loss has no weights"},
		{"nll", "negative log likelihood by importance sampling: -mean over samples of ln mean_s exp(ln p(x, z_s) - ln q(z_s|x)), S draws of z a sample, on the first N samples, with all constants, nats, an upper bound that falls with S, of a conditional model given each sample's own label; Burda et al. 2015 (arXiv 1509.00519)"},
		{"bits_per_dim", "nll / (D ln 2), of the density of the numbers as the model takes them: it changes with data.normalize, and for 8-bit data scaled to [0, 1] one adds 8"},
		{"perplexity", "exp of the entropy of the codes' shares over the split: how many codes of a codebook are in use, where all are used alike; van den Oord et al. 2017 (arXiv 1711.00937)"},
		{"code_usage", "share of a codebook's codes that the split uses"},
		{"mutual_information", "mean over samples of ln q(z|x) - ln q(z), one draw of z each, q(z) the mixture of the posteriors of the same samples, at most 2,048 of them and ln of their number, nats; Hoffman and Johnson 2016"},
		{"total_correlation", "mean of ln q(z) - Σ_j ln q(z_j), on the same draws; Chen et al. 2018 (arXiv 1802.04942)"},
		{"dimension_kl", "mean of Σ_j ln q(z_j) - ln p(z_j), p(z_j) N(0, 1), on the same draws: with mutual_information and total_correlation it sums up to a draw of the KL to N(0, I); Chen et al. 2018 (arXiv 1802.04942)"},
	}},
	{"Known factors", []Definition{
		{"mig", "mutual information gap: mean over factors of (I of the best latent - I of the second) / H(factor), mu in 20 bins of equal width, and so are factors of more than 50 different values; Chen et al. 2018 (arXiv 1802.04942), as disentanglement_lib has it"},
		{"mig/", "the gap of one factor"},
		{"sap", "separated attribute predictability: mean over factors of the gap between the two latents that predict it best, by the accuracy of a linear SVM (C 0.01, balanced weights), or by the squared correlation for factors of more than 50 different values; Kumar et al. 2018 (arXiv 1711.00848), as disentanglement_lib has it"},
		{"dci_disentanglement", "mean over latents, weighted by importance, of 1 - entropy of the factors that each is important for, importance being that of 100 gradient-boosted trees of depth 3 with rate 0.1 (scikit-learn's), classifiers, or regressors for factors of more than 50 different values; Eastwood and Williams 2018, as disentanglement_lib has it"},
		{"dci_completeness", "mean over factors, weighted by importance, of 1 - entropy of the latents that are important for each; as dci_disentanglement"},
		{"dci_informativeness", "mean over factors of the trees' accuracy on other samples, R² for factors of more than 50 different values; as dci_disentanglement"},
		{"factor_vae_score", "share of 5,000 votes that a majority vote of 10,000 others tells: which factor was held, from the latent whose variance over 64 samples of one value (or bin of 20) of it, in units of its variance over all, is least, latents of deviation below 0.05 left out; Kim and Mnih 2018 (arXiv 1802.05983), as disentanglement_lib has it"},
	}},
	{"Classifiers and regressors", []Definition{
		{"accuracy", "share of right answers"},
		{"top5_accuracy", "share of samples whose class is among the five largest logits"},
		{"balanced_accuracy", "mean over classes that have samples of the share of right answers; scikit-learn, balanced_accuracy_score"},
		{"f1_macro", "mean of the F1 score over classes that have samples or answers, 0 for one that was never right; scikit-learn, f1_score"},
		{"f1_micro", "F1 score of all answers together, which is the accuracy where a sample has one class; scikit-learn, f1_score"},
		{"precision_macro", "mean of the share of right answers among those for a class, over classes that have samples or answers, 0 without answers; scikit-learn, precision_score"},
		{"recall_macro", "mean of the share of right answers among the samples of a class, over classes that have samples or answers, 0 without samples; scikit-learn, recall_score"},
		{"roc_auc", "area under the ROC curve by the softmax of the logits, mean over classes, each against all others; scikit-learn, roc_auc_score with multi_class ovr"},
		{"log_loss", "mean negative log likelihood of the right class in nats, by the softmax of the logits; scikit-learn, log_loss"},
		{"ece", "expected calibration error: mean over samples of |right answers - confidence| of their bin, 15 bins of equal width of the largest probability; Guo et al. 2017 (arXiv 1706.04599)"},
		{"mae", "mean of |e| over samples and outputs"},
		{"r2", "1 - Σ|e|² / Σ|y - mean(y)|², summed over outputs; scikit-learn, r2_score with multioutput variance_weighted"},
	}},
}

// Meaning says what a name means; it is empty for a name that nothing computes. A name such
// as place_mae, which is in no list itself, is the mae of the head place.
func Meaning(name string) string {
	if of, _, ok := strings.Cut(name, "/"); ok {
		return sentence(of + "/")
	}
	if strings.HasPrefix(name, "probe_") {
		return sentence("probe_k")
	}
	if d := sentence(name); d != "" {
		return d
	}
	for i, c := range []byte(name) {
		if d := sentence(name[i+1:]); c == '_' && d != "" {
			return "of the head " + name[:i] + ": " + d
		}
	}
	return ""
}

// sentence is that of a name in the list.
func sentence(name string) string {
	for _, group := range All {
		for _, d := range group.List {
			if d.Name == name {
				return d.Text
			}
		}
	}
	return ""
}

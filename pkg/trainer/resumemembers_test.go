package trainer

import (
	"path/filepath"
	"testing"
)

// resumedMembers are sparse autoencoders trained together, of which each has something that
// a resumed run could get wrong.
const resumedMembers = `experiment: {name: m, output_dir: whole, seed: 5}
data: {source: npy, path: layers.npy, labels: next.npy, batch_size: 8}
model:
  type: sae
  d_sae: 24
  dead_after_samples: 24
  members:
    - {name: theta_and_aux, variant: batch_topk, k: 2.5, aux_k: 4}
    - {name: falling_batch_k, variant: batch_topk, k: 2.5, k_start: 9, k_anneal_steps: 20}
    - {name: prefixes, variant: matryoshka, k: 3, prefixes: [4, 10, 24], normalize_activations: layer_norm}
    - {name: scaled_inputs, variant: topk, k: 3, multi_topk: true, normalize_activations: expected_average_only_in}
    - {name: falling_k, variant: topk, k: 2, k_start: 12, k_anneal_steps: 20, aux_k: 4}
    - {name: gates, variant: gated, sparsity_warmup_steps: 3, l1_coefficient: 6, target_l0: 2, resample_every_steps: 5, resample_warmup_steps: 4}
    - {name: free_gates, variant: gated, sparsity_warmup_steps: 30, decoder_constraint: none, normalize_activations: constant_norm_rescale}
    - {name: thresholds, variant: jump_relu, sparsity_warmup_steps: 5, bandwidth: 0.5, threshold_init: 0.1, target_l0: 4}
    - {name: tanh, variant: jump_relu, penalty: tanh, pre_act_coefficient: 0.01, l0_coefficient: 1, sparsity_warmup_steps: 30, bandwidth: 0.5, threshold_init: 0.1}
    - {name: falling_p, variant: p_anneal, sparsity_warmup_steps: 3, anneal_start_step: 6, anneal_end_step: 24, anneal_updates: 5, target_l0: 4}
    - {name: resampled, variant: relu_l1, sparsity_warmup_steps: 3, l1_coefficient: 6, ghost_gradients: true, resample_every_steps: 5, target_l0: 2}
    - {name: another_layer, variant: transcoder, k: 3, aux_k: 4}
    - {name: controlled_layer, variant: transcoder, activation: relu, sparsity_warmup_steps: 3, target_l0: 4}
    - {name: skip, variant: skip_transcoder, k: 3, aux_k: 4, multi_topk: true}
    - {name: crossed, variant: crosscoder, sparsity_warmup_steps: 3, l1_coefficient: 8, ghost_gradients: true, resample_every_steps: 5, target_l0: 2}
    - {name: saelens_theta, variant: batch_topk, compat: saelens-6, k: 2, aux_k: 4}
    - {name: saelens_tanh, variant: jump_relu, compat: saelens-6, penalty: tanh, pre_act_coefficient: 0.01, l0_coefficient: 0.5, sparsity_warmup_steps: 3, bandwidth: 0.5, threshold_init: 0.1}
    - {name: dl_theta, variant: matryoshka, compat: dictionary_learning, k: 2, prefixes: [8, 24]}
    - {name: dl_falling_p, variant: p_anneal, compat: dictionary_learning, sparsity_warmup_steps: 3, anneal_start_step: 6, anneal_end_step: 24, anneal_updates: 5, resample_every_steps: 5}
    - {name: dl_thresholds, variant: jump_relu, compat: dictionary_learning, bandwidth: 0.5, threshold_init: 0.1, target_l0: 4}
    - {name: sparsify, variant: topk, compat: sparsify, k: 2, aux_k: 4, aux_coefficient: 0.1}
training: {epochs: 3, optimizer: {name: adam, lr: 0.02}, scheduler: cosine, grad_clip: 1.0, accumulate: 2, log_every_steps: 1, threads: 1, device: cpu}
checkpoint: {save_strategy: last, resume_every: 2}
`

func TestMembersThatAreCutAndResumedEndAsTheWholeRuns(t *testing.T) {
	s := newTorchSite(t)
	s.write("x.yaml", resumedMembers)
	s.matrix("layers.npy", 160, 2, 6)
	s.matrix("next.npy", 160, 9)
	s.train()
	p := pieces{stride: 12, args: func() []string {
		return []string{"train", "x.yaml", "--set", "experiment.output_dir=cut", "--set", "experiment.on_exists=resume"}
	}}
	for _, path := range matching("whole/m_*") {
		p.runs = append(p.runs, filepath.Base(path))
	}
	s.cutTogether(cuts(), p)
	for _, run := range p.runs {
		s.wasCut(filepath.Join("whole", run, "config.yaml"))
	}
}

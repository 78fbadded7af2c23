"""The parity cases of `type: sae`; parity_cases.py has the table of all."""
import numpy as np

from parity_case import ROWS, case


def thresholds(weights):
    """Different thresholds above 0."""
    weights["threshold"][:] = np.linspace(0.05, 0.4, len(weights["threshold"]), dtype=np.float32)


def scale(weights):
    """A factor of the inputs."""
    weights["activation_scale"] = np.float32(1.75)


def sae_cases():
    yield case("sae_relu_l1", "sae", "relu_l1",
               {"d_sae": 24, "l1_coefficient": 0.05, "sparsity_warmup_steps": 20, "dead_after_samples": 16, "b_dec_init": "zeros"},
               [12], lambda d: d.sparse(ROWS, 12, 24, 3), step=5, grad_clip=1.0)
    yield case("sae_topk", "sae", "topk",
               {"d_sae": 24, "k": 3, "aux_k": 4, "aux_coefficient": 1 / 32, "dead_after_samples": 16, "b_dec_init": "zeros"},
               [12], lambda d: d.sparse(ROWS, 12, 24, 3))
    batch = {"d_sae": 24, "k": 2.5, "aux_k": 4, "aux_coefficient": 1 / 32, "dead_after_samples": 16, "b_dec_init": "zeros"}
    yield case("sae_batch_topk", "sae", "batch_topk", batch, [12], lambda d: d.sparse(ROWS, 12, 24, 3))
    yield case("sae_matryoshka", "sae", "matryoshka", batch | {"prefixes": [4, 10, 24]}, [12], lambda d: d.sparse(ROWS, 12, 24, 3))
    yield case("sae_gated", "sae", "gated", {"d_sae": 24, "l1_coefficient": 0.1, "sparsity_warmup_steps": 20, "dead_after_samples": 16},
               [12], lambda d: d.sparse(ROWS, 12, 24, 3), step=5, grad_clip=1.0)
    jump = {"d_sae": 24, "l0_coefficient": 0.05, "sparsity_warmup_steps": 20, "bandwidth": 0.5, "dead_after_samples": 16}
    yield case("sae_jump_relu", "sae", "jump_relu", jump, [12], lambda d: d.sparse(ROWS, 12, 24, 3), step=5, edit=thresholds)
    yield case("sae_jump_relu_tanh", "sae", "jump_relu", jump | {"penalty": "tanh", "pre_act_coefficient": 0.01}, [12],
               lambda d: d.sparse(ROWS, 12, 24, 3), step=5, edit=thresholds)


def sae_option_cases():
    """Options of the variants above."""
    sparse, warm = lambda d: d.sparse(ROWS, 12, 24, 3), {"d_sae": 24, "sparsity_warmup_steps": 20, "dead_after_samples": 16}
    free = warm | {"decoder_constraint": "none"}
    yield case("sae_relu_l1_april", "sae", "relu_l1", free | {"l1_coefficient": 0.2, "normalize_activations": "expected_average_only_in"},
               [12], sparse, step=5, grad_clip=1.0, edit=scale)
    yield case("sae_gated_free", "sae", "gated", free | {"l1_coefficient": 0.2, "apply_b_dec_to_input": False}, [12], sparse, step=5)
    yield case("sae_jump_relu_free", "sae", "jump_relu",
               free | {"penalty": "tanh", "l0_coefficient": 0.1, "bandwidth": 0.5, "pre_act_coefficient": 0.01, "normalize_activations": "layer_norm"},
               [12], sparse, step=5, edit=thresholds)
    top = {"d_sae": 24, "k": 3, "aux_k": 4, "dead_after_samples": 16}
    yield case("sae_topk_rescaled", "sae", "topk", top | {"normalize_activations": "constant_norm_rescale", "apply_b_dec_to_input": False},
               [12], sparse)


def more_sae_cases():
    """Multi-TopK, p-annealing, ghosts, targets of L0, and the variants of two spaces."""
    sparse, warm = lambda d: d.sparse(ROWS, 12, 24, 3), {"d_sae": 24, "sparsity_warmup_steps": 20, "dead_after_samples": 16}
    top = {"d_sae": 24, "k": 3, "aux_k": 4, "dead_after_samples": 16}
    yield case("sae_multi_topk", "sae", "topk", top | {"multi_topk": True}, [12], sparse)
    falling = {"k_start": 10, "k_anneal_steps": 40}
    yield case("sae_topk_annealed", "sae", "topk", top | falling | {"multi_topk": True}, [12], sparse, step=9)
    yield case("sae_batch_topk_annealed", "sae", "batch_topk", top | falling | {"k": 2.5}, [12], sparse, step=9)
    yield case("sae_matryoshka_annealed", "sae", "matryoshka", top | falling | {"prefixes": [4, 10, 24]}, [12], sparse, step=9)
    yield case("sae_ghosts", "sae", "relu_l1", warm | {"l1_coefficient": 0.3, "ghost_gradients": True}, [12], sparse, step=5)
    target = warm | {"target_l0": 3}
    yield case("sae_relu_l1_target", "sae", "relu_l1", target | {"l1_coefficient": 0.3}, [12], sparse, step=25)
    yield case("sae_gated_target", "sae", "gated", target | {"l1_coefficient": 0.3}, [12], sparse, step=25)
    yield case("sae_jump_relu_target", "sae", "jump_relu", target | {"l0_coefficient": 0.1, "bandwidth": 0.5}, [12], sparse, step=25,
               edit=thresholds)
    falls = warm | {"l1_coefficient": 0.1, "anneal_start_step": 30, "anneal_end_step": 80, "anneal_updates": 5, "p_end": 0.5}
    yield case("sae_p_anneal", "sae", "p_anneal", falls, [12], sparse, step=5)
    yield case("sae_p_anneal_norm", "sae", "p_anneal", falls | {"sparsity_function": "Lp"}, [12], sparse, step=42)
    yield case("sae_crosscoder", "sae", "crosscoder", warm | {"l1_coefficient": 0.1}, [3, 4], lambda d: sparse(d).reshape(-1, 3, 4), step=5)
    mapped = {"y": lambda d: d.sparse(ROWS, 10, 24, 3), "label_shape": [10]}
    yield case("sae_transcoder_topk", "sae", "transcoder", top, [12], sparse, **mapped)
    yield case("sae_skip_transcoder", "sae", "skip_transcoder", top | {"multi_topk": True}, [12], sparse, **mapped)
    yield case("sae_transcoder_relu", "sae", "transcoder", warm | {"activation": "relu", "l1_coefficient": 0.1}, [12], sparse, step=5, **mapped)

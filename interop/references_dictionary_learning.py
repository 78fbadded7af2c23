"""Cases of dictionary_learning: its trainers, with their own schedules, clipping and constraint of the decoder."""
import numpy as np
from dictionary_learning.trainers.batch_top_k import BatchTopKTrainer
from dictionary_learning.trainers.gdm import GatedSAETrainer
from dictionary_learning.trainers.jumprelu import JumpReluTrainer
from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKTrainer
from dictionary_learning.trainers.p_anneal import PAnnealTrainer
from dictionary_learning.trainers.standard import StandardTrainer, StandardTrainerAprilUpdate
from dictionary_learning.trainers.top_k import TopKTrainer

from reference_case import BATCH, INPUTS, LATENTS, STEPS, WINDOW, batches, case, fill

LIBRARY = "dictionary_learning"
LINEAR = {"encoder.weight": "W_enc", "encoder.bias": "b_enc", "decoder.weight": "W_dec"}
NAMES = {  # of parameters, where they are not ours
    "AutoEncoder": LINEAR | {"bias": "b_dec"},
    "AutoEncoderTopK": LINEAR, "BatchTopKSAE": LINEAR,
    "GatedAutoEncoder": LINEAR | {"decoder_bias": "b_dec", "gate_bias": "b_gate", "mag_bias": "b_mag"},
}


def weights(ae):
    """Its parameters under our names and in our shapes: those of its linear layers are transposed."""
    names = NAMES.get(type(ae).__name__, {})
    return {names.get(k, k): p.T if k.endswith(".weight") else p for k, p in ae.named_parameters()}


def trained(trainer_class, **keys):
    """A function that trains with such a trainer, and returns the losses that its update steps had."""
    def run(case, t):
        trainer = trainer_class(steps=STEPS, activation_dim=INPUTS, dict_size=LATENTS, layer=0, lm_name="none", device="cpu", seed=0,
                                lr=case["optimizer"]["lr"], warmup_steps=10, **keys)
        trainer.dead_feature_threshold = WINDOW * BATCH  # no argument of any trainer
        fill(weights(trainer.ae), t)
        losses, rates = [], []
        loss = trainer.loss
        trainer.loss = lambda *a, **b: losses.append(loss(*a, **b)) or losses[-1]
        for step, (x, _, _) in enumerate(batches(t), case["first_step"]):
            rates.append(trainer.optimizer.param_groups[0]["lr"])
            trainer.update(step, x)
        return [l.item() for l in losses], rates, {"threshold": trainer.ae.threshold} if "batch_topk" in case["name"] else {}
    return run


def cases():
    def dl(name, variant, params, trainer, keys={}, **more):
        dead = {"d_sae": LATENTS, "dead_after_samples": WINDOW * BATCH}
        return case(LIBRARY, name, variant, dead | params, trained(trainer, **keys), **more)

    zeros = np.zeros(LATENTS, np.float32)
    warm = {"sparsity_warmup_steps": 20}
    yield dl("standard", "relu_l1", warm | {"l1_coefficient": 0.05}, StandardTrainer, warm | {"l1_penalty": 0.05}, norm=0.1)
    yield dl("standard_april", "relu_l1", warm | {"l1_coefficient": 0.3, "decoder_constraint": "none"}, StandardTrainerAprilUpdate,
             warm | {"l1_penalty": 0.3}, norm=0.1, clip=1.0)
    falls = warm | {"p_end": 0.6, "l1_coefficient": 0.02, "anneal_start_step": 21, "anneal_end_step": 77, "anneal_updates": 5}
    annealed = warm | {"initial_sparsity_penalty": 0.02, "p_end": 0.6, "anneal_start": 21, "anneal_end": 77, "n_sparsity_updates": 5}
    yield dl("p_anneal", "p_anneal", falls, PAnnealTrainer, annealed, norm=0.1)
    resampled = {"resample_every_steps": 40, "resample_times": 2, "dead_after_samples": 21 * BATCH}  # more than half of 40 steps
    yield dl("p_anneal_resampled", "p_anneal", falls | resampled | {"sparsity_function": "Lp^p"}, PAnnealTrainer,
             annealed | {"sparsity_function": "Lp^p", "resample_steps": 40}, norm=0.1, start={"b_enc": np.where(zeros + np.arange(LATENTS) % 3 > 0, 0, -4).astype(np.float32)})
    yield dl("topk", "topk", {"k": 3}, TopKTrainer, {"k": 3}, clip=1.0)
    yield dl("topk_wide", "topk", {"k": 16}, TopKTrainer, {"k": 16}, clip=1.0)  # more than are above 0
    yield dl("batch_topk", "batch_topk", {"k": 3}, BatchTopKTrainer, {"k": 3}, clip=1.0)
    yield dl("batch_topk_late", "batch_topk", {"k": 3}, BatchTopKTrainer, {"k": 3}, clip=1.0, first_step=960)  # θ moves from 1001 on
    yield dl("matryoshka", "matryoshka", {"k": 3, "prefixes": [6, 12, 24]}, MatryoshkaBatchTopKTrainer,
             {"k": 3, "group_fractions": [0.25, 0.25, 0.5]}, clip=1.0)
    yield dl("gated", "gated", warm | {"l1_coefficient": 0.05}, GatedSAETrainer, warm | {"l1_penalty": 0.05},
             optimizer={"lr": 1e-3, "betas": [0.0, 0.999]}, start={"b_enc": None, "b_gate": zeros + 0.05, "b_mag": zeros + 0.1, "r_mag": zeros + 0.2})
    yield dl("jumprelu", "jump_relu", warm | {"l0_coefficient": 0.5, "target_l0": 14.0, "bandwidth": 0.2}, JumpReluTrainer,
             warm | {"sparsity_penalty": 0.5, "target_l0": 14.0, "bandwidth": 0.2}, clip=1.0,
             optimizer={"lr": 1e-3, "betas": [0.0, 0.999]}, start={"threshold": np.linspace(0.002, 0.2, LATENTS, dtype=np.float32)})

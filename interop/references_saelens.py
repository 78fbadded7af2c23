"""Cases of SAELens 6: its TrainingSAE in its SAETrainer, which clips gradients to 1 and leaves decoder rows free."""
import numpy as np
from sae_lens import (BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, GatedTrainingSAE, GatedTrainingSAEConfig, JumpReLUTrainingSAE,
                      JumpReLUTrainingSAEConfig, MatryoshkaBatchTopKTrainingSAE, MatryoshkaBatchTopKTrainingSAEConfig,
                      StandardTrainingSAE, StandardTrainingSAEConfig, TopKTrainingSAE, TopKTrainingSAEConfig)
from sae_lens.config import SAETrainerConfig
from sae_lens.training.sae_trainer import SAETrainer

from reference_case import BATCH, INPUTS, LATENTS, STEPS, WINDOW, batches, case, fill

LIBRARY = "saelens-6"


def trained(model, config, **keys):
    """A function that trains such a model."""
    def run(case, t):
        sae = model(config(d_in=INPUTS, d_sae=LATENTS, dtype="float32", device="cpu", **keys))
        fill(dict(sae.named_parameters()), t)
        lr, (beta1, beta2) = case["optimizer"]["lr"], case["optimizer"]["betas"]
        trainer = SAETrainer(SAETrainerConfig(total_training_samples=STEPS * BATCH, train_batch_size_samples=BATCH, lr=lr, lr_end=lr / 10,
                             adam_beta1=beta1, adam_beta2=beta2, dead_feature_window=WINDOW), sae, iter(()))
        losses, rates = [], []
        for x, _, _ in batches(t):
            rates.append(trainer.optimizer.param_groups[0]["lr"])
            losses.append(trainer.step(x).loss.item())
            trainer.n_training_steps += 1
        return losses, rates, {"threshold": sae.topk_threshold} if hasattr(sae, "topk_threshold") else {}
    return run


def cases():
    def saelens(name, variant, params, model, config, keys, **more):
        dead = {"d_sae": LATENTS, "dead_after_samples": WINDOW * BATCH}
        return case(LIBRARY, name, variant, dead | params, trained(model, config, **keys), clip=1.0, norm=0.1, **more)

    zeros = np.zeros(LATENTS, np.float32)
    warm = {"sparsity_warmup_steps": 20}
    yield saelens("standard", "relu_l1", warm | {"l1_coefficient": 0.5}, StandardTrainingSAE, StandardTrainingSAEConfig,
                  {"l1_coefficient": 0.5, "l1_warm_up_steps": 20})
    yield saelens("topk", "topk", {"k": 3}, TopKTrainingSAE, TopKTrainingSAEConfig, {"k": 3})
    yield saelens("batchtopk", "batch_topk", {"k": 2.5}, BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, {"k": 2.5})
    yield saelens("matryoshka", "matryoshka", {"k": 3, "prefixes": [4, 10, 24]}, MatryoshkaBatchTopKTrainingSAE,
                  MatryoshkaBatchTopKTrainingSAEConfig, {"k": 3, "matryoshka_widths": [4, 10, 24]})
    yield saelens("gated", "gated", warm | {"l1_coefficient": 0.5}, GatedTrainingSAE, GatedTrainingSAEConfig,
                  {"l1_coefficient": 0.5, "l1_warm_up_steps": 20}, start={"b_enc": None, "b_gate": zeros + 0.05, "b_mag": zeros + 0.1, "r_mag": zeros + 0.2})
    above = {"start": {"threshold": np.linspace(0.01, 0.1, LATENTS, dtype=np.float32)}}
    keys = {"jumprelu_bandwidth": 0.2, "l0_coefficient": 0.3, "l0_warm_up_steps": 20}
    jump = warm | {"bandwidth": 0.2, "l0_coefficient": 0.3}
    yield saelens("jumprelu_step", "jump_relu", jump, JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig, keys, **above)
    yield saelens("jumprelu_tanh", "jump_relu", jump | {"penalty": "tanh", "pre_act_coefficient": 0.01}, JumpReLUTrainingSAE,
                  JumpReLUTrainingSAEConfig, keys | {"jumprelu_sparsity_loss_mode": "tanh", "pre_act_loss_coefficient": 0.01}, **above)

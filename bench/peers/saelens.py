"""Sparse autoencoders of SAELens, trained by its SAETrainer on the given batches; logging to
Weights & Biases is off, and nothing is dead so early, so AuxK is 0. Its loss is the sum over the
dimensions of the squared error, its mean over the batch, and the L1 penalty.

Where its step differs from trainer's, by design of the library: it neither projects the decoder's
gradient nor keeps its rows at norm 1, but weights codes with the rows' norms.
"""
import torch
from sae_lens import LoggingConfig, SAETrainer, StandardTrainingSAE, StandardTrainingSAEConfig, TopKTrainingSAE, TopKTrainingSAEConfig
from sae_lens.config import SAETrainerConfig

import sae
import serve


def build(model, device):
    """A SAELens model with its own initial weights; decoder rows of norm 1 suit both programs."""
    common = dict(d_in=model["dim"], d_sae=model["latents"], device=device, decoder_init_norm=1.0, apply_b_dec_to_input=True)
    if model.get("k"):
        return TopKTrainingSAE(TopKTrainingSAEConfig(**common, k=model["k"], aux_loss_coefficient=0.0))
    return StandardTrainingSAE(StandardTrainingSAEConfig(**common, l1_coefficient=model["l1"]))


class Trainer(SAETrainer):
    """Tells when a step is done."""

    after = None

    def _train_step(self, sae, sae_in):
        out = super()._train_step(sae, sae_in)
        self.after(out.loss.detach())
        return out


def make(job):
    model, source = build(job["model"], job["device"]), sae.batches(job)

    def train(steps, after):
        model.load_state_dict(serve.weights(job))
        config = SAETrainerConfig(
            total_training_samples=steps * job["batch"], train_batch_size_samples=job["batch"], lr=job["lr"], lr_end=job["lr"], device=job["device"],
            logger=LoggingConfig(log_to_wandb=False))
        trainer = Trainer(config, model, source(steps))
        trainer.after = after
        trainer.fit()

    return train


if __name__ == "__main__":
    serve.serve(make)

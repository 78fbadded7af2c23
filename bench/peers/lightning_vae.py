"""The VAE of vae.py trained by Lightning, without what costs time beside the steps: no logger,
checkpoints, progress bar or summary."""
import logging
import warnings

import lightning
import torch

import serve
import vae


class Module(lightning.LightningModule):
    def __init__(self, job):
        super().__init__()
        self.job, self.model = job, vae.VAE(**job["model"])

    def training_step(self, batch, _):
        (x,) = batch
        return self.model.loss(x, torch.randn(len(x), self.job["model"]["latent"], device=self.device))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.job["lr"])


class Steps(lightning.Callback):
    """Seeds the noise when training begins, and tells when a step is done."""

    def __init__(self, job, after):
        self.seed, self.after = job["seed"], after

    def on_train_start(self, *_):
        torch.manual_seed(self.seed)

    def on_train_batch_end(self, trainer, module, outputs, *_):
        self.after(outputs["loss"])


def make(job):
    warnings.filterwarnings("ignore")
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    accelerator = "gpu" if torch.device(job["device"]).type == "cuda" else "cpu"

    def train(steps, after):
        module = Module(job)
        module.model.load_state_dict(serve.weights(job))
        trainer = lightning.Trainer(
            max_steps=steps, max_epochs=1, accelerator=accelerator, devices=1, callbacks=[Steps(job, after)],
            logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
        trainer.fit(module, vae.loader(job, steps))

    return train


if __name__ == "__main__":
    serve.serve(make)

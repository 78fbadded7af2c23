"""The VAE of vae.py as a model of pythae, trained by pythae's own trainer; nothing is saved while it
trains. Its likelihood takes probabilities, so the decoder ends in a sigmoid."""
import logging
import tempfile

import torch
from pythae.data.datasets import BaseDataset, collate_dataset_output
from pythae.models import VAE, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from torch.utils.data import DataLoader

import serve
import vae


class Encoder(BaseEncoder):
    def __init__(self, net):
        super().__init__()
        self.encoder, self.mu, self.logvar = net.encoder, net.mu, net.logvar

    def forward(self, x):
        h = self.encoder(x)
        return ModelOutput(embedding=self.mu(h), log_covariance=self.logvar(h))


class Decoder(BaseDecoder):
    def __init__(self, net):
        super().__init__()
        self.decoder = net.decoder

    def forward(self, z):
        return ModelOutput(reconstruction=torch.sigmoid(self.decoder(z)))


class Seed(TrainingCallback):
    """Seeds the noise when training begins."""

    def __init__(self, seed):
        self.seed = seed

    def on_train_step_begin(self, training_config, **_):
        torch.manual_seed(self.seed)


class Trainer(BaseTrainer):
    """Takes the given batches, and tells when a step is done."""

    def __init__(self, job, steps, after, **rest):
        self.job, self.steps, self.after = job, steps, after
        super().__init__(**rest)

    def get_train_dataloader(self, dataset):
        taken = serve.order(self.job)[: self.steps * self.job["batch"]]
        return DataLoader(dataset, batch_size=self.job["batch"], sampler=taken, collate_fn=collate_dataset_output, generator=torch.Generator())

    def _optimizers_step(self, model_output=None):
        super()._optimizers_step(model_output)
        self.after(model_output.loss.detach())


def make(job):
    logging.disable(logging.INFO)
    shape, latent = job["model"]["shape"], job["model"]["latent"]
    data = serve.rows(job)
    dataset = BaseDataset(data, torch.zeros(len(data)))

    def train(steps, after):
        net = vae.VAE(**job["model"])
        net.load_state_dict(serve.weights(job))
        config = VAEConfig(input_dim=tuple(shape), latent_dim=latent, reconstruction_loss="bce")
        with tempfile.TemporaryDirectory() as folder:
            Trainer(
                job, steps, after, model=VAE(config, Encoder(net), Decoder(net)), train_dataset=dataset, callbacks=[Seed(job["seed"])],
                training_config=BaseTrainerConfig(
                    output_dir=folder, num_epochs=1, learning_rate=job["lr"], per_device_train_batch_size=job["batch"],
                    no_cuda=torch.device(job["device"]).type != "cuda"),
            ).train()

    return train


if __name__ == "__main__":
    serve.serve(make)

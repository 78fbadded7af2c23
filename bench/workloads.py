"""The rows of the table: what is computed, by whom else, and what trainer aims at.

An aim is the least ratio of their time to ours (so 1.5 means that trainer takes at most 2/3 of the
time); None where there is none.
"""
import dataclasses
import importlib.util

# What a file of bench/peers imports beyond torch: a machine without it leaves that peer out.
NEEDS = {"lightning_vae": "lightning", "pythae_vae": "pythae", "saelens": "sae_lens"}


@dataclasses.dataclass
class Peer:
    name: str
    file: str  # in bench/peers
    peer: str = ""
    aim: float | None = None
    mode: str | None = None  # torch.compile's
    metric: str = "train/loss"  # of trainer's, that this peer's loss equals
    compare: int | None = None  # steps whose losses are compared; None = all of a check, 0 = it has no loss
    memory: bool = True  # whether its memory is that of a whole training step


def installed(file):
    """Whether this Python has what a file of bench/peers needs."""
    return file not in NEEDS or importlib.util.find_spec(NEEDS[file]) is not None


@dataclasses.dataclass
class Workload:
    key: str
    title: str
    shape: list  # of a sample
    batch: int
    warmup: int
    steps: int  # timed, after the warm-up, all in one epoch
    check: int  # steps whose losses must agree
    peer_model: dict  # as bench/peers builds it
    model: dict  # trainer's section
    peers: list
    lr: float = 1e-3
    clip: float | None = None

    def rows(self):
        return (self.warmup + self.steps) * self.batch

    def shortened(self):
        """The same for a run that only shows that everything works."""
        return dataclasses.replace(self, warmup=1, steps=min(self.steps, 3), check=min(self.check, 3))


def compiled(device, aim):
    if device == "cpu":
        return [Peer("torch.compile", "vae", "compile", aim)]
    return [Peer(f"torch.compile {mode}", "vae", "compile", aim, mode) for mode in ("reduce-overhead", "max-autotune")]


def vae_peers(device, eager, fused, compile_, lightning, pythae):
    return [
        Peer("PyTorch eager, DataLoader, Adam", "vae", "adam", eager),
        Peer("the same, fused Adam", "vae", "fused", fused),
        *compiled(device, compile_),
        Peer("Lightning", "lightning_vae", "", lightning),
        Peer("pythae", "pythae_vae", "", pythae),
        Peer("PyTorch, fused, no DataLoader", "vae", "lean"),
    ]


def sae_peers(saelens, plain, metric):
    # After one step SAELens' weights are its own: it keeps decoder rows at no norm.
    return [
        Peer("SAELens", "saelens", "", saelens, metric=metric, compare=1),
        Peer("PyTorch, fused Adam", "sae", "fused", plain),
    ]


def training(device):
    """The workloads that time training steps."""
    mlp = dict(
        shape=[784], check=10, peer_model=dict(shape=[784], hidden=[400], latent=20),
        model=dict(type="vae", latent_dim=20, encoder=dict(kind="mlp", hidden_dims=[400])))
    sae = dict(batch=2048, warmup=1, steps=2, check=2, clip=1.0, lr=3e-4)
    return [
        Workload("vae128", "VAE MLP 784-400-20, batch 128", batch=128, warmup=20, steps=120,
                 peers=vae_peers(device, 1.5, 1.15, 1.1, 1.8, 1.8), **mlp),
        Workload("vae16", "VAE MLP 784-400-20, batch 16", batch=16, warmup=50, steps=300,
                 peers=vae_peers(device, 3, 1.5, 1.3, 4, 4), **mlp),
        Workload("conv", "VAE conv 32×32, batch 128", shape=[1, 32, 32], batch=128, warmup=5, steps=25, check=5,
                 peer_model=dict(shape=[1, 32, 32], hidden=[256, 256], latent=10, channels=[32, 32, 32]),
                 model=dict(type="vae", latent_dim=10, encoder=dict(kind="conv", channels=[32, 32, 32], hidden_dims=[256, 256])),
                 peers=vae_peers(device, 1.2, 1.05, 1.0, 1.4, 1.4)),
        Workload("topk", "SAE TopK 384→8192, k 32, batch 2048", shape=[384], **sae,
                 peer_model=dict(dim=384, latents=8192, k=32),
                 model=dict(type="sae", variant="topk", d_sae=8192, k=32, b_dec_init="zeros"),
                 peers=sae_peers(8, 6, "train/l2") + [Peer("the encoder's product alone", "sae", "encoder", 1 / 1.4, compare=0, memory=False)]),
        Workload("relu", "SAE ReLU-L1 768→8192, batch 2048", shape=[768], **sae,
                 peer_model=dict(dim=768, latents=8192, l1=0.1),
                 model=dict(type="sae", variant="relu_l1", d_sae=8192, l1_coefficient=0.1, sparsity_warmup_steps=0, b_dec_init="zeros"),
                 peers=sae_peers(1.3, 1.15, "train/loss")),
    ]

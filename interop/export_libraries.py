"""How SAELens, sparsify and dictionary_learning load a folder, and save models of theirs with random weights.

LOAD[layout](folder, x) gives what was loaded, its features and reconstructions of x; SAVE[name](folder, x)
writes a folder and gives those of the model that is in it.
"""
import json

import torch
from dictionary_learning import dictionary
from dictionary_learning.trainers import batch_top_k, matryoshka_batch_top_k, top_k
from dictionary_learning.utils import load_dictionary
from sae_lens import SAE
from sae_lens import saes
from sparsify import SparseCoder, SparseCoderConfig


def saelens(folder, x):
    model = SAE.load_from_disk(folder)
    with torch.no_grad():
        f = model.encode(x)
        return type(model).__name__, f, model(x)


def sparsify(folder, x):
    model = SparseCoder.load_from_disk(folder)
    return "SparseCoder", *sparse_coder(model, x)


def sparse_coder(model, x):
    """Its features, dense, and its reconstructions: forward asks for CUDA."""
    with torch.no_grad():
        top = model.encode(x)
        y = model.decode(top.top_acts, top.top_indices)
        if model.W_skip is not None:
            y = y + x @ model.W_skip.mT
        return torch.zeros(len(x), model.num_latents).scatter(1, top.top_indices, top.top_acts), y


def dictionary_learning(folder, x):
    model, _ = load_dictionary(str(folder), "cpu")
    with torch.no_grad():
        return type(model).__name__, model.encode(x), model(x)


LOAD = {"saelens": saelens, "sparsify": sparsify, "dictionary_learning": dictionary_learning}

N, M, K = 16, 48, 4


def row_norms(layout, folder):
    """What a library multiplies features with when it loads a folder: dictionary_learning's AutoEncoder the norms of decoder rows."""
    if layout != "dictionary_learning" or json.loads((folder / "config.json").read_text())["trainer"]["dict_class"] != "AutoEncoder":
        return 1.0
    return torch.load(folder / "ae.pt")["decoder.weight"].norm(dim=0).numpy()


def randomise(model, seed=5):
    """Weights of which every one matters: biases and norms too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            scale = 0.3 if "threshold" in name else 0.2 if p.ndim == 1 else 0.5
            p.copy_(scale * torch.randn(p.shape, generator=generator))
            if "threshold" in name:
                p.abs_()
    return model


def save_saelens(kind, **more):
    """A model of SAELens as it saves it for use."""
    def save(folder, x):
        sae_class, config_class = getattr(saes, kind), getattr(saes, kind + "Config")
        model = randomise(sae_class(config_class(d_in=N, d_sae=M, **more)))
        model.save_model(folder)
        with torch.no_grad():
            return model.encode(x), model(x)
    return save


def save_saelens_training(kind, **more):
    """A model that SAELens trains, as it saves it at the end, and as its inference class computes."""
    def save(folder, x):
        sae_class, config_class = getattr(saes, kind), getattr(saes, kind + "Config")
        model = randomise(sae_class(config_class(d_in=N, d_sae=M, k=K, **more)))
        if hasattr(model, "topk_threshold"):
            model.topk_threshold.fill_(0.7)
        model.save_inference_model(folder)
        loaded = SAE.load_from_disk(folder)
        with torch.no_grad():
            return loaded.encode(x), loaded(x)
    return save


def save_saelens_checkpoint(folder, x):
    """A checkpoint in the middle of training: not folded, its factor beside it."""
    model = randomise(saes.BatchTopKTrainingSAE(saes.BatchTopKTrainingSAEConfig(d_in=N, d_sae=M, k=K, normalize_activations="expected_average_only_in")))
    model.topk_threshold.fill_(0.7)
    model.save_model(folder)
    factor = 1.7
    (folder / "activation_scaler.json").write_text(json.dumps({"scaling_factor": factor}))
    with torch.no_grad():
        scores = (model.process_sae_in(x * factor) @ model.W_enc + model.b_enc) * model.W_dec.norm(dim=-1)
        f = torch.where(scores > model.topk_threshold, scores, 0).relu().float()
        return f, (f / model.W_dec.norm(dim=-1) @ model.W_dec + model.b_dec) / factor


def save_sparsify(**more):
    def save(folder, x):
        model = randomise(SparseCoder(N, SparseCoderConfig(num_latents=M, k=K, **more)))
        model.save_to_disk(folder)
        return sparse_coder(model, x)
    return save


def save_dictionary(make, threshold=None):
    """A state dict and a config as dictionary_learning's training saves them."""
    def save(folder, x):
        model = randomise(make())
        if threshold is not None:
            model.threshold.fill_(threshold)
        folder.mkdir()
        torch.save(model.state_dict(), folder / "ae.pt")
        trainer = {"dict_class": type(model).__name__, "lm_name": "a model", "layer": 3}
        if hasattr(model, "k"):
            trainer["k"] = int(model.k)
        (folder / "config.json").write_text(json.dumps({"trainer": trainer}))
        with torch.no_grad():
            f = model.encode(x)
            return f, model.decode(f)
    return save


SAVE = {
    "SAELens standard": save_saelens("StandardSAE"),
    "SAELens standard, not centred": save_saelens("StandardSAE", apply_b_dec_to_input=False),
    "SAELens topk": save_saelens("TopKSAE", k=K),
    "SAELens topk by norms": save_saelens("TopKSAE", k=K, rescale_acts_by_decoder_norm=True),
    "SAELens jumprelu": save_saelens("JumpReLUSAE"),
    "SAELens gated": save_saelens("GatedSAE"),
    "SAELens topk, trained": save_saelens_training("TopKTrainingSAE"),
    "SAELens batchtopk, trained": save_saelens_training("BatchTopKTrainingSAE"),
    "SAELens matryoshka, trained": save_saelens_training("MatryoshkaBatchTopKTrainingSAE", matryoshka_widths=[8, 16, M]),
    "SAELens batchtopk, in training": save_saelens_checkpoint,
    "SAELens transcoder": save_saelens("Transcoder", d_out=N, apply_b_dec_to_input=False),
    "SAELens skip transcoder": save_saelens("SkipTranscoder", d_out=N, apply_b_dec_to_input=False),
    "sparsify topk": save_sparsify(),
    "sparsify transcoder": save_sparsify(transcode=True),
    "sparsify skip transcoder": save_sparsify(transcode=True, skip_connection=True),
    "dictionary_learning AutoEncoder": save_dictionary(lambda: dictionary.AutoEncoder(N, M)),
    "dictionary_learning AutoEncoderNew": save_dictionary(lambda: dictionary.AutoEncoderNew(N, M)),
    "dictionary_learning GatedAutoEncoder": save_dictionary(lambda: dictionary.GatedAutoEncoder(N, M)),
    "dictionary_learning JumpReluAutoEncoder": save_dictionary(lambda: dictionary.JumpReluAutoEncoder(N, M)),
    "dictionary_learning AutoEncoderTopK": save_dictionary(lambda: top_k.AutoEncoderTopK(N, M, K)),
    "dictionary_learning BatchTopKSAE": save_dictionary(lambda: batch_top_k.BatchTopKSAE(N, M, K), 0.7),
    "dictionary_learning BatchTopKSAE, threshold never set": save_dictionary(lambda: batch_top_k.BatchTopKSAE(N, M, K)),
    "dictionary_learning MatryoshkaBatchTopKSAE": save_dictionary(lambda: matryoshka_batch_top_k.MatryoshkaBatchTopKSAE(N, M, K, [8, 8, M - 16]), 0.7),
}

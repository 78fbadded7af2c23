# `make` builds; `make help` lists the targets. TAGS=cpu leaves CUDA out: nothing of it is fetched.
#
# Variables: PYTHON (python3), CXX (g++), JOBS (2, C++ compilers at once), TAGS (Go build tags, as
# TAGS=cpu), LIBTORCH and TORCH_VERSION (which libtorch: see cgo/libtorch.py), FUZZTIME (60s);
# BENCH_ROUNDS (5), BENCH_ONLY (rows, as vae128,start), BENCH_QUICK (1: a short run) and BENCH_DEVICE
# for bench; BASE (a commit) and PACKAGES (./...) for bench-check.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

PYTHON ?= python3
TAGS ?=
FUZZTIME ?= 60s
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
export PYTHON

go_flags := -buildvcs=false $(if $(TAGS),-tags $(TAGS))
trainer := bin/trainer

.PHONY: help build trainer shim shim-cpu shim-cuda generate variants test test-cuda interop demo docker soak lint bench zoo bench-go bench-check gpu-bundle clean

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: trainer shim ## bin/trainer, and the C++ shims in lib/ (finds or fetches libtorch)

trainer:
	@go build $(go_flags) -trimpath -ldflags "-X github.com/gotrainer/trainer/pkg/trainer.version=$(VERSION)" -o $(trainer) ./cmd/trainer

shim: $(if $(findstring cpu,$(TAGS)),shim-cpu,shim-cpu shim-cuda) ## the C++ shims in lib/

# After shim-cuda where both are made: one libtorch with CUDA serves both.
shim-cpu: $(if $(findstring cpu,$(TAGS)),,shim-cuda)
	@libtorch=$$($(PYTHON) cgo/libtorch.py cpu); cgo/shim/build.sh cpu "$$libtorch" lib/libtrainer_cpu.so

shim-cuda:
	@libtorch=$$($(PYTHON) cgo/libtorch.py cuda); cgo/shim/build.sh cuda "$$libtorch" lib/libtrainer_cuda.so

generate: ## rewrites the generated code from the op table
	go generate ./...

variants: build ## docs/variants.md: what the tests tried of each variant
	TRAINER_REQUIRE_LIBTORCH=1 go test -json -count=1 $(go_flags) -run 'ParityWithPyTorch|CapturedStepsAre|CutAndResumed|LossesAreThose|OfTheZoo|TheTrueDictionary' \
	  ./pkg/model/builtin ./pkg/train ./pkg/trainer >bin/variants.json
	go run $(go_flags) ./docs/variants docs/variants.md <bin/variants.json

test: build ## all tests: with libtorch, without cgo, and the CPU-only build
	TRAINER_REQUIRE_LIBTORCH=1 .ci/gotest libtorch $(go_flags) -timeout 15m ./...
	@said=$$(TRAINER_REQUIRE_LIBTORCH=1 go test $(go_flags) -run '^$$' -bench . -benchtime 1x ./... 2>&1) || { echo "$$said"; exit 1; }; \
	echo "every benchmark runs: $$(grep -c '^Benchmark.*ns/op' <<<"$$said")"
	CGO_ENABLED=0 go build $(go_flags) ./...
	CGO_ENABLED=0 .ci/gotest nocgo $(go_flags) ./...
	go build -buildvcs=false ./...
	go build -buildvcs=false -tags cpu ./...

test-cuda: build ## with the CUDA shim, on a GPU or without one: loading, start, choice of the device, and tensors
	TRAINER_SHIM=cuda TRAINER_REQUIRE_LIBTORCH=1 .ci/gotest cuda -buildvcs=false -timeout 15m \
	  ./cgo ./pkg/torch/... ./pkg/nn/... ./pkg/optim/... ./pkg/model/...
	TRAINER_REQUIRE_LIBTORCH=1 .ci/gotest device -buildvcs=false -run 'CUDA|Auto' ./pkg/trainer

interop: build ## checks our files and numbers with real PyTorch, MLflow and TensorBoard
	python=$$(interop/venv.sh); TRAINER_REQUIRE_LIBTORCH=1 interop/run.sh "$$python" && interop/run_docs.sh "$$python"
	python=$$(interop/venv.sh interop/requirements-data.txt); interop/run_sources.sh "$$python"
	python=$$(interop/venv.sh interop/requirements-references.txt); interop/run_references.sh "$$python"
	python=$$(interop/venv.sh interop/requirements-mlflow.txt); interop/run_mlflow.sh "$$python"

demo: build ## the whole workflow on built-in data: train, embed, train on the embeddings, predict
	$(trainer) train configs/train_vae.yaml --set experiment.name=demo
	$(trainer) extract-embeddings configs/extract_embeddings.yaml --set experiment.name=demo
	$(trainer) train configs/train_sae.yaml --set experiment.name=demo --set data.experiment=experiments/vae/demo
	$(trainer) predict configs/predict.yaml --set experiment.name=demo
	@echo
	@echo "Everything is in experiments/:"
	@find experiments/vae/demo experiments/sae/demo -type f -not -path '*/.*' -printf '  %p  (%s bytes)\n' | sort
	@echo
	@echo "What to do next:"
	@echo "  less experiments/vae/demo/logs/training.log                     how it went"
	@echo "  python3 -c \"import torch; print(torch.load('experiments/vae/demo/checkpoints/best_model.pt').keys())\""
	@echo "  python3 -c \"import numpy; print(numpy.load('experiments/vae/demo/embeddings/test_embeddings.npy').shape)\""
	@echo "  cp configs/train_vae.yaml my.yaml, put your data in it, and     $(trainer) train my.yaml"

docker: ## builds Dockerfile.cuda without a daemon and tries the image (TAGS=cpu: the CPU image)
	interop/docker.sh $(if $(findstring cpu,$(TAGS)),cpu,cuda)

soak: build ## the long tests: TRAINER_SOAK=1 lengthens loops; then each fuzz target for FUZZTIME
	TRAINER_REQUIRE_LIBTORCH=1 TRAINER_SOAK=1 .ci/gotest soak $(go_flags) -count=1 -timeout 3h ./...
	@for pkg in $$(go list $(go_flags) ./...); do \
	  for target in $$(go test $(go_flags) -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; \
	    go test $(go_flags) -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; \
	done

lint: ## gofmt, go vet, the header as C11, and that generated code is up to date
	@unformatted=$$(gofmt -l .); [[ -z $$unformatted ]] || { echo "gofmt -w these:" $$unformatted; exit 1; }
	go vet ./...
	go vet -tags cpu ./...
	CGO_ENABLED=0 go vet ./...
	cc -std=c11 -Wall -Wextra -pedantic -fsyntax-only -x c cgo/shim.h
	@state() { git status --porcelain; git diff; }; \
	before=$$(state); go generate ./...; after=$$(state); \
	[[ $$before == "$$after" ]] || { echo "generated code was out of date; commit what make generate wrote:"; git status --short; exit 1; }

bench: build ## times trainer beside PyTorch, Lightning, pythae and SAELens: bench/results
	@go build $(go_flags) -trimpath -o bin/order ./bench/order
	python=$$(interop/venv.sh bench/requirements.txt); "$$python" bench/run.py --trainer $(trainer) --order bin/order

zoo: build ## trains and evaluates every config of configs/zoo: bench/results/zoo.md (ZOO="vae_beta sae_topk": these)
	go run $(go_flags) ./bench/zoo $(ZOO)

bench-go: build ## Go benchmarks of all packages
	TRAINER_REQUIRE_LIBTORCH=1 go test $(go_flags) -run '^$$' -bench . -benchmem ./...

bench-check: ## Go benchmarks of the commit BASE beside those of this checkout, by benchstat
	bench/check.sh "$(BASE)" $(PACKAGES)

gpu-bundle: ## bin/gpu: the GPU suite as a folder for a machine with a driver and Python's torch (2.11.0)
	bench/gpu/bundle.sh bin/gpu

clean: ## removes bin/ and lib/; the cache outside the checkout stays
	rm -rf bin lib

package trainer

import (
	"fmt"
	"testing"
)

// vae is the model section of small.
const vae = "  type: vae\n  latent_dim: 2\n  encoder:\n    hidden_dims: [8]\n"

// customModel puts a custom model of one more layer in the place of the VAE.
func customModel(layer, loss string) []string {
	return []string{vae, fmt.Sprintf("  type: custom_model\n  loss: %s\n  layers:\n    - flatten\n    - %s\n", loss, layer)}
}

func TestModelsThatDoNotFitTheDataAreOneSentence(t *testing.T) {
	conv := []string{"hidden_dims: [8]", "kind: conv"}
	tryBad(t, []bad{
		{name: "conv on an odd size", torch: true, edit: append(conv, "image_size: 8", "image_size: 9"), want: []string{
			"x.yaml:14:5: model.encoder.kind: conv halves the image, and a side of 9×9 is odd; use kind: mlp"}},
		{name: "conv on a size that strides do not divide", torch: true, edit: append(conv, "image_size: 8", "image_size: 12"), want: []string{
			"x.yaml:13:3: model.encoder.channels: 3 convolutions halve the image 3 times, but 12×12 can be halved only 2 times; give at most 2 channels"}},
		{name: "conv deeper than the image", torch: true, edit: []string{"hidden_dims: [8]", "{kind: conv, channels: [4, 4, 4, 4]}"}, want: []string{
			"x.yaml:14:18: model.encoder.channels: 4 convolutions halve the image 4 times, but 8×8 can be halved only 3 times; give at most 3 channels"}},
		{name: "conv on vectors", torch: true, edit: append(conv, from("synthetic_sparse", "count: 64")...), want: []string{
			"x.yaml:13:5: model.encoder.kind: conv needs images of shape [channels height width], the data's samples have shape [64]; use kind: mlp"}},
		{name: "classes against outputs", torch: true, edit: append(customModel("linear: 2", "cross_entropy"), "count: 64", "label: shape"), want: []string{
			"x.yaml:13:3: model.layers: the labels have 4 classes, but the last layer gives 2 numbers; make it linear: 4"}},
		{name: "five labels for a classifier", torch: true, edit: customModel("linear: 3", "cross_entropy"), want: []string{
			"x.yaml:12:3: model.loss: cross_entropy needs one class number (0, 1, …) a sample as label, and the data's labels are of shape [5]; take one of its numbers by data.label or data.label_column, or by take: in a head of variant multi_head"}},
		{name: "outputs against labels", torch: true, edit: customModel("linear: 4", "mse"), want: []string{
			"x.yaml:13:3: model.layers: the last layer gives [4], but a label has the shape [5]; take one of its numbers by data.label or data.label_column, or by take: in a head of variant multi_head"}},
		{name: "outputs against the sample", torch: true, edit: []string{vae, "  type: custom_model\n  loss: mse\n  target: input\n  layers: [flatten, linear: 60]\n"}, want: []string{
			"x.yaml:14:3: model.layers: the last layer gives [60], but target: input needs the sample's shape [1 8 8]"}},
		{name: "a kernel larger than the image", torch: true, edit: []string{vae, "  type: custom_model\n  loss: mse\n  layers:\n    - conv2d: {out: 2, kernel: 9}\n"}, want: []string{
			"x.yaml:14:7: model.layers[0]: conv2d gets samples of shape [1 8 8], expected a side of at least 9 with padding; its kernel reaches over 9"}},
	})
}

func TestSizesBeyondAnyMachineAreOneSentence(t *testing.T) {
	tryBad(t, []bad{
		{name: "a layer", torch: true, code: exitFailed, set: []string{"model.encoder.hidden_dims=[1000000000000]"}, want: []string{
			"trainer: empty: out of memory, output [1000000000000 64] (256000000000000 bytes were asked for); a smaller model or batch_size needs less"}},
		{name: "a layer that cannot be counted", torch: true, code: exitFailed, set: []string{"model.latent_dim=9000000000000000000"}, want: []string{
			"trainer: empty: out of memory, output [9000000000000000000 8] (more bytes than can be counted were asked for); a smaller model or batch_size needs less"}},
		{name: "generated data", set: []string{"data.count=100000000000"}, want: []string{
			"--set data.count=100000000000: data.count: 100000000000 generated samples need 25600.0 GB, more than half of the memory (… GB); choose fewer or smaller ones"}},
		{name: "threads", set: []string{"training.threads=100000"}, want: []string{
			"--set training.threads=100000: found 100000, expected a whole number from 0 to 1024"}},
	})
	// A batch larger than the data is all of them.
	s := newTorchSite(t)
	s.train("data.batch_size=1000000000000", "training.accumulate=1000000000")
	s.ok("predict", "runs/a", "--set", "batch_size=1000000000000")
}

func TestInferenceOnDataOfAnotherShapeIsOneSentence(t *testing.T) {
	with := func(data string) []string { return []string{"data={" + data + "}"} }
	tryBad(t, []bad{
		{name: "larger images", prep: withRun, torch: true, args: []string{"predict", "runs/a"}, set: with("source: shapes, count: 32, image_size: 16"), want: []string{
			"trainer: data: found samples of shape [1 16 16], but the model in runs/a/checkpoints/best_model.pt was trained on [1 8 8]; give data of that shape"}},
		{name: "vectors", prep: withRun, torch: true, args: []string{"extract-embeddings", "runs/a"}, set: with("source: synthetic_sparse, count: 32, dim: 64"), want: []string{
			"trainer: data: found samples of shape [64], but the model in runs/a/checkpoints/best_model.pt was trained on [1 8 8]; give data of that shape"}},
		{name: "an array, in a config", prep: func(s *site) {
			s.train()
			s.array("d.npy", 20, 8, 8)
			s.write("i.yaml", "experiment: {name: a, output_dir: runs}\ndata:\n  source: npy\n  path: d.npy\n")
		}, torch: true, args: []string{"predict", "i.yaml"}, want: []string{
			"i.yaml:2:1: data: found samples of shape [8 8], but the model in runs/a/checkpoints/best_model.pt was trained on [1 8 8]; give data of that shape"}},
	})
}

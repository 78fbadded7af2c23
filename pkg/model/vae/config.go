package vae

// Config is what all variants are built from.
type Config struct {
	LatentDim  int64   `yaml:"latent_dim" check:"required,min=1" doc:"the dimensions of the latent code"`
	Encoder    Encoder `yaml:"encoder" doc:"the network from sample to code"`
	Decoder    Decoder `yaml:"decoder" doc:"the network from code to sample; mirrors the encoder by default"`
	Likelihood string  `yaml:"likelihood" default:"bernoulli" check:"oneof=bernoulli|gaussian" doc:"the distribution of a sample given its code: bernoulli for data in [0, 1], gaussian for any other"`
}

// Encoder describes the network that the heads mu and logvar follow.
type Encoder struct {
	Kind       string  `yaml:"kind" default:"mlp" check:"oneof=mlp|conv" doc:"the architecture: mlp on the flattened sample, conv on images"`
	Channels   []int64 `yaml:"channels" default:"[32, 32, 32]" check:"minlen=1,min=1" when:"kind=conv" doc:"the channels of each convolution; each halves the image"`
	HiddenDims []int64 `yaml:"hidden_dims" default:"[512, 256]" defaults:"kind=conv: [256, 256]" check:"minlen=1,min=1" doc:"the widths of the linear layers"`
	Activation string  `yaml:"activation" default:"relu" check:"oneof=relu|leaky_relu|gelu|silu|tanh|sigmoid|softplus" doc:"the activation after each hidden layer, in the decoder too"`
}

// Decoder describes what differs from the mirrored encoder.
type Decoder struct {
	HiddenDims []int64 `yaml:"hidden_dims" check:"min=1" doc:"the widths of the linear layers; the encoder's in reverse by default"`
}

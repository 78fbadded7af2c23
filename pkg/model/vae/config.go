package vae

// Config is what the variants with the plain network are built from.
type Config struct {
	Network     `yaml:",inline"`
	Observation `yaml:",inline"`
	KL          KL `yaml:"kl" doc:"how the KL term enters the loss"`
}

// Observation says what the decoder's output means.
type Observation struct {
	Likelihood string  `yaml:"likelihood" default:"bernoulli" check:"oneof=bernoulli|gaussian|laplace|categorical" doc:"the distribution of a sample given its code: bernoulli and categorical (256 levels) for data in [0, 1], gaussian and laplace for any"`
	Sigma      float64 `yaml:"sigma" default:"1.0" check:"gt=0" when:"likelihood=gaussian" doc:"the standard deviation of gaussian"`
}

// Network describes encoder and decoder.
type Network struct {
	LatentDim int64   `yaml:"latent_dim" check:"required,min=1" doc:"the dimensions of the latent code"`
	Encoder   Encoder `yaml:"encoder" doc:"the network from sample to code"`
	Decoder   Decoder `yaml:"decoder" doc:"the network from code to sample; mirrors the encoder by default"`
}

// KL is what every variant can do with its KL term.
type KL struct {
	Schedule string  `yaml:"schedule" default:"none" check:"oneof=none|linear|cyclical" doc:"how the weight of the KL term grows to its final value, which evaluation has: linear once, cyclical several times from 0"`
	Steps    int64   `yaml:"steps" default:"10000" check:"min=1" when:"schedule=linear|cyclical" doc:"the optimizer steps until the weight is final: linear of the one ramp, cyclical of all cycles together"`
	Cycles   int64   `yaml:"cycles" default:"4" check:"min=1" when:"schedule=cyclical" doc:"how often the weight starts again from 0"`
	Ratio    float64 `yaml:"ratio" default:"0.5" check:"gt=0,max=1" when:"schedule=cyclical" doc:"the share of a cycle in which the weight grows"`
	FreeBits float64 `yaml:"free_bits" default:"0" check:"min=0" doc:"the nats of each latent dimension, as a mean over the batch, that cost nothing to use; 0.01 to 0.5 is usual"`
}

// Encoder describes the network that the heads mu and logvar follow.
type Encoder struct {
	Kind       string  `yaml:"kind" default:"mlp" check:"oneof=mlp|mlp_dlib|conv|conv_dlib|resnet|vq_conv" doc:"the architecture: mlp and mlp_dlib on the flattened sample, the others on images"`
	Channels   []int64 `yaml:"channels" default:"[32, 32, 32]" defaults:"kind=conv_dlib: [32, 32, 64, 64]; kind=resnet: [32, 64, 128]; kind=vq_conv: [128, 128]" check:"minlen=1,min=1" when:"kind=conv|conv_dlib|resnet|vq_conv" doc:"the channels of each convolution that halves the image; for conv four of them suit 64×64 as three suit 32×32"`
	Blocks     int     `yaml:"blocks" default:"2" check:"min=0" when:"kind=resnet|vq_conv" doc:"the number of residual blocks: of each size of the image (resnet), of the smallest (vq_conv)"`
	HiddenDims []int64 `yaml:"hidden_dims" default:"[512, 256]" defaults:"kind=mlp_dlib: [1200, 1200]; kind=conv: [256, 256]; kind=conv_dlib|resnet|vq_conv: [256]" check:"minlen=1,min=1" doc:"the widths of the linear layers"`
	Activation string  `yaml:"activation" default:"relu" defaults:"kind=resnet: silu" check:"oneof=relu|leaky_relu|elu|gelu|silu|tanh|sigmoid|softplus" doc:"the activation after each hidden layer, in the decoder too"`
}

// Decoder describes what differs from the mirrored encoder.
type Decoder struct {
	HiddenDims []int64 `yaml:"hidden_dims" check:"min=1" doc:"the widths of the linear layers; the encoder's in reverse by default, and for mlp_dlib the last of them once more"`
	Activation string  `yaml:"activation" check:"oneof=relu|leaky_relu|gelu|silu|tanh|sigmoid|softplus" doc:"the activation after each hidden layer; the encoder's by default, tanh for mlp_dlib"`
}

package sae

import "fmt"

// Latents are the keys of every variant.
type Latents struct {
	DSAE             int64 `yaml:"d_sae" check:"required,min=1" doc:"the number of latents"`
	DeadAfterSamples int64 `yaml:"dead_after_samples" default:"10000000" check:"min=1" doc:"the samples without activity after which a latent counts as dead"`
}

// Config is what the variants that reconstruct their input are built from.
type Config struct {
	Latents              `yaml:",inline"`
	DecoderConstraint    string  `yaml:"decoder_constraint" default:"unit_norm" defaults:"compat=saelens-6: none" check:"oneof=unit_norm|none" doc:"unit_norm keeps the decoder's rows at norm 1; none leaves them free, and a penalty then weighs each activation with the norm of its row"`
	DecoderInit          string  `yaml:"decoder_init" default:"uniform" check:"oneof=uniform|normal" when:"compat=" doc:"what the numbers of the decoder's rows are drawn from, before they get their norm"`
	DecoderInitNorm      float64 `yaml:"decoder_init_norm" default:"0.1" check:"gt=0" when:"decoder_constraint=none" doc:"the norm of the decoder's rows at the start"`
	EncoderInit          string  `yaml:"encoder_init" default:"transpose" check:"oneof=transpose|independent" when:"compat=" doc:"the start of the encoder: the decoder's transpose, or drawn as a linear layer's"`
	BEncInit             string  `yaml:"b_enc_init" default:"zeros" check:"oneof=zeros|uniform" when:"compat=" doc:"the start of the encoder's bias: zeros, or drawn as a linear layer's"`
	ApplyBDecToInput     bool    `yaml:"apply_b_dec_to_input" default:"true" when:"compat=" doc:"whether b_dec is subtracted from what is encoded"`
	NormalizeActivations string  `yaml:"normalize_activations" default:"none" check:"oneof=none|expected_average_only_in|constant_norm_rescale|layer_norm" doc:"how samples are scaled before they are encoded; predictions are scaled back"`
	library              string  // of compat, empty without it
}

// rules are those of the library that compat names.
func (c Config) rules() rules { return libraries[c.library] }

// free says that decoder rows have no norm of their own.
func (c Config) free() bool { return c.DecoderConstraint == "none" }

// rowNorm is the norm of decoder rows at the start.
func (c Config) rowNorm() float64 {
	if c.DecoderInitNorm > 0 {
		return c.DecoderInitNorm
	}
	return 1
}

func tooMany(key string, found, latents int64) string {
	return fmt.Sprintf("%s: found %d, expected at most d_sae, which is %d", key, found, latents)
}

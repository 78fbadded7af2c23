package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Augment says how training samples are changed at random, each time they are read. The
// zero value changes nothing.
type Augment struct {
	Flip  bool    // images: half of them mirrored, left for right
	Crop  int     // images: framed by so many zeros on each side, and cut out of that at a random place
	Noise float64 // standard deviation of the normal noise that is added, in the data's own units
}

// String is for the log: `flip, crop 4, noise 0.05`.
func (a Augment) String() string {
	var parts []string
	if a.Flip {
		parts = append(parts, "flip")
	}
	if a.Crop > 0 {
		parts = append(parts, fmt.Sprintf("crop %d", a.Crop))
	}
	if a.Noise > 0 {
		parts = append(parts, fmt.Sprintf("noise %g", a.Noise))
	}
	return strings.Join(parts, ", ")
}

// Augmented is a split whose samples are other ones in each epoch: a function of seed,
// epoch and the sample's row in its file, so that neither order nor batches matter. Read
// gives them as they are.
type Augmented struct {
	*Split
	how  Augment
	seed int64
	list []view
}

// view is a part of a sample that is changed: an image, where it has a width.
type view struct {
	from, to      int64
	height, width int
	pixels        bool // numbers stay in [0, 1]
}

// Augmented changes the samples of a split; of named arrays those that are not raw.
func (s *Split) Augmented(how Augment, seed int64) (*Augmented, error) {
	views := s.views()
	images := slices.DeleteFunc(slices.Clone(views), func(v view) bool { return v.width == 0 })
	switch {
	case (how.Flip || how.Crop > 0) && len(images) == 0:
		return nil, mistake("data.augment: flip and crop are for images [channels, height, width], and these samples have the shape %v; leave them out", s.data.Shape)
	case how.Crop < 0:
		return nil, mistake("data.augment.crop: found %d, expected 0 or a positive number", how.Crop)
	case !(how.Noise >= 0) || math.IsInf(how.Noise, 0):
		return nil, mistake("data.augment.noise: found %v, expected 0 or a positive number", how.Noise)
	}
	for _, v := range images {
		if how.Crop > 0 && how.Crop >= min(v.height, v.width) {
			return nil, mistake("data.augment.crop: found %d for images of %d by %d; expected less than their sides", how.Crop, v.height, v.width)
		}
	}
	return &Augmented{s, how, seed, views}, nil
}

func (s *Split) views() (list []view) {
	add := func(from, to int64, shape []int64, pixels bool) {
		v := view{from: from, to: to, pixels: pixels}
		if len(shape) == 3 {
			v.height, v.width = int(shape[1]), int(shape[2])
		}
		list = append(list, v)
	}
	if len(s.data.Arrays) == 0 {
		add(0, int64(s.dim), s.data.Shape, s.part.dtype == "u1" || s.data.spec.Source == "shapes")
	}
	for i, a := range s.data.Arrays {
		if !slices.Contains(s.data.spec.Raw, a.Name) {
			add(a.From, a.To, a.Shape, s.part.dtypes[i] == "u1")
		}
	}
	return list
}

// ReadEpoch is Read of the samples as an epoch, from 0, has them: changed, and then
// normalised. Pixels stay in [0, 1].
func (a *Augmented) ReadEpoch(dst []float32, rows []int, epoch int64) error {
	if err := a.part.src.Gather(dst, rows, a.index); err != nil {
		return err
	}
	seed := a.seed ^ int64(scramble(uint64(epoch)+1))
	parallel(len(rows), func(from, to int) {
		scratch := make([]float32, a.dim)
		for k := from; k < to; k++ {
			row := int64(rows[k])
			if a.index != nil {
				row = a.index[row]
			}
			a.change(dst[k*a.dim:(k+1)*a.dim], scratch, newGenerator(seed, forAugment, uint64(row)))
		}
	})
	a.normalise(dst)
	return a.checkIndices(dst, rows)
}

// change is what happens to one sample; its images are turned and moved together.
func (a *Augmented) change(x, scratch []float32, g *generator) {
	flip, dx, dy := a.how.Flip && g.below(2) == 1, 0, 0
	if side := uint64(2*a.how.Crop + 1); a.how.Crop > 0 {
		dy, dx = int(g.below(side))-a.how.Crop, int(g.below(side))-a.how.Crop
	}
	for _, v := range a.list {
		part := x[v.from:v.to]
		if flip && v.width > 0 {
			mirror(part, v.width)
		}
		if a.how.Crop > 0 && v.width > 0 {
			from := scratch[:len(part)]
			copy(from, part)
			shift(part, from, v.height, v.width, dy, dx)
		}
		if a.how.Noise == 0 {
			continue
		}
		for i := range part {
			part[i] += float32(a.how.Noise * g.normal())
			if v.pixels {
				part[i] = min(max(part[i], 0), 1)
			}
		}
	}
}

// mirror turns each line of width numbers round.
func mirror(x []float32, width int) {
	for ; len(x) >= width; x = x[width:] {
		for i, j := 0, width-1; i < j; i, j = i+1, j-1 {
			x[i], x[j] = x[j], x[i]
		}
	}
}

// shift moves the planes of from by (-dy, -dx); what comes in from outside is 0.
func shift(to, from []float32, height, width, dy, dx int) {
	clear(to)
	first, last := max(-dx, 0), min(width-dx, width) // columns that have a source
	for begin := 0; begin < len(to); begin += height * width {
		for y := max(-dy, 0); y < min(height-dy, height); y++ {
			line := begin + (y+dy)*width
			copy(to[begin+y*width+first:begin+y*width+last], from[line+first+dx:line+last+dx])
		}
	}
}

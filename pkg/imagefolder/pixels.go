package imagefolder

import (
	"bytes"
	"image"
	_ "image/jpeg" // decoders, by what a file begins with
	_ "image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// Options are how pictures become samples.
type Options struct {
	Size int  // height and width
	Grey bool // one channel in place of red, green and blue
}

// Bounds of what is decoded: a small file can claim a picture that fills the memory, or
// one so narrow that it does when it is scaled.
const (
	maxPixels = 1 << 28
	maxAspect = 256
)

// Channels is the number of planes of a sample.
func (o Options) Channels() int {
	if o.Grey {
		return 1
	}
	return 3
}

// Shape is that of a sample: [channels, height, width].
func (o Options) Shape() []int64 {
	return []int64{int64(o.Channels()), int64(o.Size), int64(o.Size)}
}

// Pack writes the pixels of all pictures to w, one byte each, decoded on all cores. Where
// some cannot be decoded, the error is of the first.
func (l *Listing) Pack(w io.Writer, o Options) error {
	row := o.Channels() * o.Size * o.Size
	piece := min(max(64<<20/row, 1), 64*runtime.GOMAXPROCS(0), len(l.Files))
	buffer := make([]byte, piece*row)
	for from := 0; from < len(l.Files); from += piece {
		n := min(piece, len(l.Files)-from)
		errs := make([]error, n)
		inParallel(n, func(i int) { errs[i] = l.decode(buffer[i*row:(i+1)*row], from+i, o) })
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		if _, err := w.Write(buffer[:n*row]); err != nil {
			return err
		}
	}
	return nil
}

// Check looks at the header of the first picture of each class.
func (l *Listing) Check() error {
	last := -1
	for i, f := range l.Files {
		if f.Class == last {
			continue
		}
		last = f.Class
		file, err := os.Open(l.path(i))
		if err != nil {
			return bad("%s cannot be read: %v", l.path(i), reason(err))
		}
		_, _, err = image.DecodeConfig(file)
		file.Close()
		if err != nil {
			return l.broken(i, err)
		}
	}
	return nil
}

func inParallel(n int, fn func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				fn(int(i))
			}
		})
	}
	wait.Wait()
}

func (l *Listing) path(i int) string {
	return filepath.Join(l.Root, filepath.FromSlash(l.Files[i].Name))
}

func (l *Listing) broken(i int, err error) error {
	return bad("%s cannot be decoded as PNG, JPEG or WebP: %v; restore it or remove it", l.path(i), err)
}

// decode reads picture i into dst, a plane of pixels for each channel.
func (l *Listing) decode(dst []byte, i int, o Options) error {
	content, err := os.ReadFile(l.path(i))
	if err != nil {
		return bad("%s cannot be read: %v", l.path(i), reason(err))
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return l.broken(i, err)
	}
	w, h := config.Width, config.Height
	if w < 1 || h < 1 || w > maxPixels/h || w > maxAspect*h || h > maxAspect*w {
		return bad("%s claims to be %d by %d pixels; expected at most %d in all, and no side more than %d times the other", l.path(i), w, h, maxPixels, maxAspect)
	}
	picture, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return l.broken(i, err)
	}
	o.planes(dst, square(picture, o.Size))
	return nil
}

// square scales a picture so that its shorter side is size, and cuts out the centre, as
// Resize(size) and CenterCrop(size) of torchvision do: bilinear, with a filter as wide as
// the step where it gets smaller. What is transparent is black.
func square(picture image.Image, size int) *image.RGBA {
	b := picture.Bounds()
	w, h := size, size
	if b.Dx() < b.Dy() {
		h = int(int64(size) * int64(b.Dy()) / int64(b.Dx()))
	} else {
		w = int(int64(size) * int64(b.Dx()) / int64(b.Dy()))
	}
	left, top := int(math.RoundToEven(float64(w-size)/2)), int(math.RoundToEven(float64(h-size)/2))
	out := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.BiLinear.Scale(out, image.Rect(-left, -top, w-left, h-top), picture, b, draw.Src, nil)
	return out
}

// planes writes red, green and blue, or their luma (ITU-R BT.601, as image/color has it).
func (o Options) planes(dst []byte, from *image.RGBA) {
	n := o.Size * o.Size
	for i := range n {
		p := from.Pix[4*i : 4*i+3 : 4*i+3]
		if o.Grey {
			dst[i] = byte((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16)
			continue
		}
		dst[i], dst[n+i], dst[2*n+i] = p[0], p[1], p[2]
	}
}

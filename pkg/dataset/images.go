package dataset

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/gotrainer/trainer/pkg/imagefolder"
	"github.com/gotrainer/trainer/pkg/npy"
	"github.com/gotrainer/trainer/pkg/packed"
)

// openImages opens a folder of pictures: decoded once into an array of bytes in the user's
// cache, which is then read or mapped as any other.
func (p *parts) openImages(s Spec, path string) (part, error) {
	list, err := imagefolder.List(path)
	if err != nil {
		return part{}, err
	}
	o := imagefolder.Options{Size: s.ImageSize, Grey: s.Channels == "grey"}
	one := part{path: path, src: unread{path}, n: int64(len(list.Files)), dtype: "u1", shape: o.Shape()}
	if s.describe {
		err = list.Check()
	} else {
		one, err = p.openPacked(s, list, o)
	}
	if err != nil || list.Classes == nil {
		return one, err
	}
	one.path = path
	folders := make([]string, len(list.Files))
	for i, f := range list.Files {
		folders[i] = list.Classes[f.Class]
	}
	one.labels = namedLabels(folders, "class", path)
	return one, nil
}

// openPacked decodes the pictures where that was not done before.
func (p *parts) openPacked(s Spec, list *imagefolder.Listing, o imagefolder.Options) (part, error) {
	root, err := filepath.Abs(list.Root)
	if err != nil {
		return part{}, err
	}
	array := packed.Array{
		Place: fmt.Sprintf("images %s %d %s", root, s.ImageSize, s.Channels), Key: list.Key(),
		DType: "u1", Shape: append([]int64{int64(len(list.Files))}, o.Shape()...),
	}
	path, made, err := array.Open(func(w io.Writer) error {
		s.notify("decoding %d images of %s once into the cache", len(list.Files), list.Root)
		return list.Pack(w, o)
	})
	if err != nil {
		return part{}, err
	}
	if made {
		s.notify("the images are in %s", path)
	}
	one, err := p.openFormat(s, path, npy.ReadHeader)
	one.digest += " " + list.Digest()
	return one, err
}

func (s Spec) notify(format string, args ...any) {
	if s.Notify != nil {
		s.Notify(fmt.Sprintf(format, args...))
	}
}

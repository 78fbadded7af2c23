package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"slices"
	"strings"

	"github.com/gotrainer/trainer/pkg/npy"
)

// openAll opens the files of one split as one part.
func (p *parts) openAll(s Spec, f named) (part, error) {
	paths, err := s.findAll(f.key, f.path)
	if err != nil {
		return part{}, err
	}
	labels, whole, err := s.labelFiles(f, len(paths))
	if err != nil {
		return part{}, err
	}
	s.mapTogether(paths)
	var list []part
	for i, path := range paths {
		one, err := p.openOne(s, path)
		if err == nil {
			err = one.takeLabels(s, f.labelsKey, labels[i])
		}
		if err != nil {
			return part{}, err
		}
		if t, inMemory := one.src.(*table); inMemory {
			s.Memory = max(s.Memory-8*int64(len(t.values)), 1) // tables may fill half of the memory together
		}
		list = append(list, one)
	}
	one, err := join(f.path, list)
	if err != nil || !whole {
		return one, err
	}
	return one, one.takeLabels(s, f.labelsKey, f.labels)
}

// labelFiles are the label files beside n data files; whole says that there is one for
// all of them.
func (s Spec) labelFiles(f named, n int) (labels []string, whole bool, err error) {
	labels = make([]string, n)
	if f.labels == "" {
		return labels, false, nil
	}
	found, err := s.findAll(f.labelsKey, f.labels)
	switch {
	case err != nil:
		return nil, false, err
	case len(found) == n:
		return found, false, nil
	case len(found) == 1:
		return labels, true, nil
	}
	return nil, false, mistake("%s: %s are %d files, but %s are %d; give one file of labels for each, or one for all", f.labelsKey, f.labels, len(found), f.path, n)
}

// mapTogether maps every file where all together are too large to be read.
func (s *Spec) mapTogether(paths []string) {
	total := int64(0)
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil { // else opening it tells why
			total += info.Size()
		}
	}
	if s.InMemory == "auto" && len(paths) > 1 && total > s.Memory/4 {
		s.InMemory = "false"
	}
}

// join makes one part of those of several files.
func join(path string, list []part) (part, error) {
	first := list[0]
	if len(list) == 1 {
		return first, nil
	}
	all := part{path: path, shape: first.shape, dtype: first.dtype, columns: first.columns, spans: first.spans, dtypes: first.dtypes, files: len(list)}
	joined := &shards{row: rowLen(first.shape)}
	digest := sha256.New()
	for _, one := range list {
		if err := one.like(first); err != nil {
			return part{}, err
		}
		all.n += one.n
		all.mapped = all.mapped || one.mapped
		joined.list, joined.ends = append(joined.list, one.src), append(joined.ends, all.n)
		digest.Write([]byte(one.digest + "\n"))
	}
	all.src, all.digest, all.labels = joined, hex.EncodeToString(digest.Sum(nil)), joinLabels(path, list)
	return all, nil
}

// like holds that a part has the samples and labels of another.
func (one part) like(first part) error {
	if len(one.spans) > 0 {
		if err := one.spansLike(first); err != nil {
			return err
		}
	}
	switch {
	case !slices.Equal(one.shape, first.shape):
		return mistake("%s has samples of shape %v but %s has %v; they must have the same shape", one.path, one.shape, first.path, first.shape)
	case (one.dtype == "u1") != (first.dtype == "u1"):
		return mistake("%s is %s but %s is %s; only uint8 is scaled to [0, 1], so the samples would differ: convert one of them", one.path, npy.TypeName(one.dtype), first.path, npy.TypeName(first.dtype))
	case one.columns != nil && first.columns != nil && !slices.Equal(one.columns, first.columns):
		return mistake("%s has the columns %s but %s has %s; they must be the same, in the same order", one.path, some(one.columns), first.path, some(first.columns))
	case (one.labels == nil) != (first.labels == nil):
		return mistake("of %s and %s only one has labels; give labels for all or for none", first.path, one.path)
	case first.labels != nil && ((one.labels.named == nil) != (first.labels.named == nil) || one.labels.at != first.labels.at):
		return mistake("of %s and %s only one has labels that are names; give numbers or names in all", first.path, one.path)
	case first.labels != nil && !slices.Equal(one.labels.shape, first.labels.shape):
		return mistake("%s has labels of shape %v but %s has %v; they must be the same for all samples", one.labels.path, one.labels.shape, first.labels.path, first.labels.shape)
	}
	return nil
}

// some is the beginning of a list of names, for messages.
func some(names []string) string {
	text := strings.Join(names[:min(len(names), 10)], ", ")
	if len(names) > 10 {
		text += ", ..."
	}
	return text
}

func joinLabels(path string, list []part) *labelSet {
	if list[0].labels == nil {
		return nil
	}
	if names := allNames(list); names != nil {
		for _, one := range list {
			one.labels.renumber(names)
		}
	}
	all := *list[0].labels
	all.values, all.path = nil, path
	digest := sha256.New()
	classes := true // that are missing in one file are missing in all
	for _, one := range list {
		l := one.labels
		all.values = append(all.values, l.values...)
		all.classes = max(all.classes, l.classes)
		classes = classes && l.classes > 0
		digest.Write([]byte(l.digest + "\n"))
	}
	if !classes {
		all.classes = 0
	}
	all.digest = hex.EncodeToString(digest.Sum(nil))
	return &all
}

func rowLen(shape []int64) int {
	n := 1
	for _, d := range shape {
		n *= int(d)
	}
	return n
}

// shards are sources one after another.
type shards struct {
	list []source
	ends []int64 // rows up to the end of each
	row  int     // values of a sample
}

// Gather copies rows out of the shards that they are in.
func (s *shards) Gather(dst []float32, rows []int, index []int64) error {
	return gatherShards(s, dst, rows, index, func(src source, dst []float32, rows []int) error {
		return src.Gather(dst, rows, nil)
	})
}

// GatherRaw is Gather of bytes as they are stored.
func (s *shards) GatherRaw(dst []byte, rows []int, index []int64) error {
	return gatherShards(s, dst, rows, index, func(src source, dst []byte, rows []int) error {
		return src.(byteSource).GatherRaw(dst, rows, nil)
	})
}

// gatherShards reads each shard once: straight to its place where its rows follow one
// another in the request, else by way of a buffer.
func gatherShards[T float32 | byte](s *shards, dst []T, rows []int, index []int64, get func(src source, dst []T, rows []int) error) error {
	if len(dst) != len(rows)*s.row {
		return mistake("a buffer of %d numbers was given for %d rows of %d", len(dst), len(rows), s.row)
	}
	local, places := make([][]int, len(s.list)), make([][]int, len(s.list))
	for k, r := range rows {
		shard, at, err := s.find(r, index)
		if err != nil {
			return err
		}
		local[shard], places[shard] = append(local[shard], at), append(places[shard], k)
	}
	for i, src := range s.list {
		n := len(local[i])
		if n == 0 {
			continue
		}
		first := places[i][0]
		if places[i][n-1] == first+n-1 {
			if err := get(src, dst[first*s.row:(first+n)*s.row], local[i]); err != nil {
				return err
			}
			continue
		}
		buffer := make([]T, n*s.row)
		if err := get(src, buffer, local[i]); err != nil {
			return err
		}
		for k, place := range places[i] {
			copy(dst[place*s.row:(place+1)*s.row], buffer[k*s.row:])
		}
	}
	return nil
}

// WillNeed tells the shards that have rows of a run.
func (s *shards) WillNeed(from, to int64) {
	begin := int64(0)
	for i, end := range s.ends {
		if a, ok := s.list[i].(aheadSource); ok && from < end && to > begin {
			a.WillNeed(from-begin, to-begin)
		}
		begin = end
	}
}

// find is the shard of a row, and where the row is in it.
func (s *shards) find(r int, index []int64) (shard, at int, err error) {
	row, n := int64(r), s.ends[len(s.ends)-1]
	if index != nil {
		if r < 0 || r >= len(index) {
			return 0, 0, mistake("row %d was asked for, there are %d", r, len(index))
		}
		row = index[r]
	}
	if row < 0 || row >= n {
		return 0, 0, mistake("row %d was asked for, there are %d", row, n)
	}
	shard, _ = slices.BinarySearch(s.ends, row+1)
	if shard > 0 {
		row -= s.ends[shard-1]
	}
	return shard, int(row), nil
}

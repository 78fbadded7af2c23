// Command gen reads the op table (cgo/ops.tbl) and writes the C header, the C++
// bodies, the Go functions with and without cgo, and the methods of torch.Tensor.
// It is run by `go generate ./...` from the cgo folder.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"hash/fnv"
	"log"
	"os"
	"text/template"
)

func main() {
	log.SetFlags(0)
	if err := run("ops.tbl"); err != nil {
		log.Fatal(err)
	}
}

func run(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	ops, err := parse(path, string(text))
	if err != nil {
		return err
	}
	hash := fnv.New64a()
	hash.Write(text)
	data := table{Ops: ops, Hash: fmt.Sprintf("0x%016x", hash.Sum64())}
	for _, out := range []struct{ file, tmpl string }{
		{"ops_gen.h", headerTemplate},
		{"shim/ops_gen.cc", sourceTemplate},
		{"ops_gen.go", cgoTemplate},
		{"ops_nocgo_gen.go", nocgoTemplate},
		{"../pkg/torch/ops_gen.go", torchTemplate},
	} {
		if err := write(out.file, out.tmpl, data); err != nil {
			return err
		}
	}
	return nil
}

type table struct {
	Ops  []op
	Hash string
}

func write(file, tmpl string, data table) error {
	t, err := template.New(file).Parse(tmpl)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return err
	}
	out := b.Bytes()
	if len(file) > 3 && file[len(file)-3:] == ".go" {
		if out, err = format.Source(out); err != nil {
			return fmt.Errorf("%s: %w\n%s", file, err, b.Bytes())
		}
	}
	return os.WriteFile(file, out, 0o644)
}

// Command order writes the order in which `trainer train` takes the rows of a data set in
// its first epoch, so that other programs can be given the same batches:
//
//	order ROWS SEED >order.bin
//
// The output is ROWS little-endian int64.
package main

import (
	"encoding/binary"
	"log"
	"os"
	"strconv"

	"github.com/gotrainer/trainer/pkg/dataset"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: order ROWS SEED")
	}
	rows, err := strconv.Atoi(os.Args[1])
	if err != nil || rows < 1 {
		log.Fatalf("ROWS: found %q, expected a whole number above 0", os.Args[1])
	}
	seed, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		log.Fatalf("SEED: %v", err)
	}
	order, _ := dataset.NewSampler(rows, rows, seed, false).Next() // one batch: the whole epoch
	out := make([]byte, 0, 8*rows)
	for _, row := range order {
		out = binary.LittleEndian.AppendUint64(out, uint64(row))
	}
	if _, err := os.Stdout.Write(out); err != nil {
		log.Fatal(err)
	}
}

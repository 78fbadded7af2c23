// Command zoo trains and evaluates the configs of configs/zoo with bin/trainer, one after the
// other. What each reaches, and how long it takes, goes into the line "# Reaches:" of the
// config and into bench/results/zoo.json and zoo.md; a config that misses its aim ends it
// with exit code 1, when all are done.
//
//	go run ./bench/zoo [NAME ...]     # all, or configs/zoo/NAME.yaml
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

const (
	folder  = "configs/zoo"
	trainer = "bin/trainer"
	results = "bench/results"
)

func main() {
	log.SetFlags(0)
	names := os.Args[1:]
	if len(names) == 0 {
		names = configs()
	}
	all, err := readResults()
	if err != nil {
		log.Fatal(err)
	}
	missed := 0
	for _, name := range names {
		n, err := all.take(name)
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		missed += n
		if err := all.write(); err != nil {
			log.Fatal(err)
		}
	}
	if missed > 0 {
		log.Fatalf("%d aims are missed", missed)
	}
}

// take runs a config, keeps its result and tells it.
func (z *zoo) take(name string) (missed int, err error) {
	if name == frontierName {
		z.Frontier, err = runFrontier()
		fmt.Print(frontierTable(z.Frontier))
		return 0, err
	}
	r, err := run(name)
	if err != nil {
		return 0, err
	}
	misses := r.misses(name)
	z.Configs[name] = r
	fmt.Printf("%-20s %s; %.0f s%s\n", name, r.text(), r.Seconds, strings.Join(append([]string{""}, misses...), "; missed: "))
	return len(misses), note(name, r)
}

// configs are the names of those that are runs: not the bases, which others extend.
func configs() (names []string) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range paths {
		if name := strings.TrimSuffix(filepath.Base(path), ".yaml"); !strings.HasPrefix(name, "base_") {
			names = append(names, name)
		}
	}
	return names
}

const reaches = "# Reaches: "

// note writes what was reached into the config's own line of it.
func note(name string, r result) error {
	path := filepath.Join(folder, name+".yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, reaches) {
			lines[i] = fmt.Sprintf("%s%s; %.0f s on %d cores.", reaches, r.text(), r.Seconds, r.Cores)
			return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644)
		}
	}
	return fmt.Errorf("%s has no line %q", path, reaches)
}

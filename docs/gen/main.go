// Command gen writes what the documents take from elsewhere: docs/config.md, the reference
// of all config keys, from the tags of the structs that they are read into;
// docs/commands.md from the help of every command; in docs/evaluate.md the definitions of
// metrics; and in README.md the commands and the extract of bench/results. It is run by `go generate ./...`.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/metrics"
	"github.com/gotrainer/trainer/pkg/model/builtin"
)

//go:generate go run . ../..

const head = `# Config reference

Generated from the code by ` + "`make generate`" + `. A config with ` + "`model:`" + ` or ` + "`training:`" + ` is for
` + "`trainer train`" + `; one with neither is for ` + "`trainer extract-embeddings`" + ` and ` + "`trainer predict`" + `.
An unknown key, a wrong type or an impossible combination is an error that names the line.
Any key can be overridden: ` + "`--set training.optimizer.lr=3e-4`" + `. ` + "`${VAR}` and `${VAR:-default}`" + `
stand for environment variables; the saved config keeps the reference.

Short forms: ` + "`optimizer: adam`, `scheduler: cosine`, `grad_clip: 1.0`, `early_stopping: 10`," + `
` + "`training.lr` and `training.batch_size`" + `.

` + "`extends: base.yaml`" + ` at the top of a file builds on another one, which may do the same; the path is relative
to the file. The one rule of merging: sections are merged key by key, for all else the value of the file that
extends holds, and ` + "`key: null`" + ` takes a key of the base away. The saved config has everything in one file.
`

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("gen needs the root of the repository")
	}
	if err := write(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func write(root string) error {
	folder, err := os.MkdirTemp("", "trainer-docs-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	trainer, err := build(folder)
	if err != nil {
		return err
	}
	pages, err := commandPages(trainer)
	if err != nil {
		return err
	}
	readme, err := readme(root, trainer)
	if err != nil {
		return err
	}
	evaluation, err := definitions(root)
	if err != nil {
		return err
	}
	for path, content := range map[string]string{"docs/config.md": text(), "docs/commands.md": pages, "docs/evaluate.md": evaluation, "README.md": readme} {
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// readme is README.md with its generated blocks as they are to be.
func readme(root string, trainer program) (string, error) {
	document, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		return "", err
	}
	results, err := os.ReadFile(filepath.Join(root, "bench", "results", "cpu.md"))
	if err != nil {
		return "", err
	}
	help, err := trainer.help()
	if err != nil {
		return "", err
	}
	bench, err := benchTable(string(results))
	if err != nil {
		return "", err
	}
	variants, err := os.ReadFile(filepath.Join(root, "docs", "variants.md"))
	if err != nil {
		return "", err
	}
	_, tried, _ := strings.Cut(string(variants), "\n| ")
	text, err := replaceBlock(string(document), "commands", commandTable(help))
	if err != nil {
		return "", fmt.Errorf("README.md: %w", err)
	}
	for name, content := range map[string]string{"bench": bench, "variants": "| " + tried} {
		if text, err = replaceBlock(text, name, content); err != nil {
			return "", fmt.Errorf("README.md: %w", err)
		}
	}
	return text, nil
}

// definitions is docs/evaluate.md with those of package metrics.
func definitions(root string) (string, error) {
	document, err := os.ReadFile(filepath.Join(root, "docs", "evaluate.md"))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, group := range metrics.All {
		fmt.Fprintf(&b, "\n### %s\n\n| name | means | source |\n|---|---|---|\n", group.Title)
		for _, d := range group.List {
			means, source, _ := strings.Cut(d.Text, "; ")
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", d.Name, strings.ReplaceAll(means, "|", `\|`), source)
		}
	}
	text, err := replaceBlock(string(document), "metrics", b.String()+"\n")
	if err != nil {
		return "", fmt.Errorf("docs/evaluate.md: %w", err)
	}
	return text, nil
}

func text() string {
	var b strings.Builder
	b.WriteString(head)
	table(&b, "Training", config.Reference(config.Train{}, ""))
	registry := builtin.Registry()
	for _, v := range registry {
		title := fmt.Sprintf("Model `%s`, variant `%s`", v.Type, v.Name)
		if v.Name == registry.Default(v.Type) {
			title += " (the default)"
		}
		table(&b, title, config.Reference(v.Params(), "model."))
	}
	table(&b, "Extraction and prediction", config.Reference(config.Infer{}, ""))
	return b.String()
}

func table(b *strings.Builder, title string, keys []config.Key) {
	fmt.Fprintf(b, "\n## %s\n\n| key | default | values | meaning |\n|---|---|---|---|\n", title)
	for _, k := range keys {
		if k.Path == "model" {
			b.WriteString("| `model.type` |  | required | the kind of model; its keys are below |\n" +
				"| `model.variant` | the type's first |  | the variant of that kind |\n" +
				"| `model.seed` | `experiment.seed` |  | the seed of the initial weights and the noise |\n" +
				"| `model.members` |  |  | of an SAE: several models for one pass over the data, each a section of what differs from this one, and a name |\n")
			continue
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", k.Path, code(k.Default), values(k.Check), k.Doc+when(k.When))
	}
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// values says a check tag for people.
func values(check string) string {
	var parts []string
	for _, c := range strings.Split(check, ",") {
		name, arg, _ := strings.Cut(c, "=")
		words := map[string]string{
			"min": "at least " + arg, "max": "at most " + arg, "gt": "above " + arg, "lt": "below " + arg,
			"oneof": strings.ReplaceAll(arg, "|", ", "), "or": "or " + arg, "minlen": "not empty", "required": "**required**", "unique": "no value twice",
		}
		if text, ok := words[name]; ok {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "; ")
}

// when says a when tag for people.
func when(conditions string) string {
	if conditions == "" {
		return ""
	}
	var parts []string
	for _, c := range strings.Split(conditions, ";") {
		key, arg, _ := strings.Cut(strings.TrimSpace(c), "=")
		if arg == "" {
			parts = append(parts, "without `"+key+"`")
			continue
		}
		parts = append(parts, "with "+key+" "+strings.ReplaceAll(arg, "|", ", "))
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

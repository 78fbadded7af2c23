package main

import (
	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/config"
	"github.com/gotrainer/trainer/pkg/model/builtin"
)

// schemaName is what the schema's file is called in examples and by init.
const schemaName = "trainer.schema.json"

func schemaCommand() *cli.Command {
	return &cli.Command{
		Name: "schema", Usage: "the JSON Schema of configs, for editors",
		Description: "Prints the JSON Schema (draft 7) of training configs and of those for extraction and prediction.\n" +
			"An editor with the YAML language server checks a config against it while you type, and completes\n" +
			"keys, when the config's first line is\n" +
			"   # yaml-language-server: $schema=" + schemaName + "\n" +
			"with the path of the schema's file relative to the config.\n\nExamples:\n" +
			"   trainer schema > " + schemaName,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "the same: a schema is JSON"}},
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 0 {
				return mistakef("schema takes no argument, found %s", c.Args().First())
			}
			text, err := config.Schema(builtin.Registry())
			if err != nil {
				return err
			}
			_, err = c.App.Writer.Write(append(text, '\n'))
			return err
		},
	}
}

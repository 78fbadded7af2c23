package trainer

import (
	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/config"
)

// schemaName is what the schema's file is called in examples and by init.
const schemaName = "trainer.schema.json"

func schemaCommand() *cli.Command {
	return &cli.Command{
		Name: "schema", Usage: "the JSON Schema of configs, for editors",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "the same: a schema is JSON"}},
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 0 {
				return mistakef("schema takes no argument, found %s", c.Args().First())
			}
			text, err := config.Schema(models())
			if err != nil {
				return err
			}
			_, err = c.App.Writer.Write(append(text, '\n'))
			return err
		},
	}
}

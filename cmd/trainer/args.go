package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a command before its arguments, where urfave/cli
// expects them: users type them on either side. What follows -- stays as it is.
func flagsFirst(app *cli.App, args []string) ([]string, error) {
	i := slices.IndexFunc(args[min(1, len(args)):], func(a string) bool { return !strings.HasPrefix(a, "-") })
	if i < 0 {
		return args, nil
	}
	command := app.Command(args[1+i])
	if command == nil {
		return args, nil
	}
	head, rest := args[:2+i], args[2+i:]
	var flags, operands []string
	for len(rest) > 0 {
		a := rest[0]
		rest = rest[1:]
		switch {
		case a == "--":
			operands = append(operands, rest...)
			rest = nil
		case !strings.HasPrefix(a, "-") || a == "-":
			operands = append(operands, a)
		case takesValue(command, a):
			if len(rest) == 0 {
				return nil, mistakef("flag %s needs a value; see `trainer %s --help`", a, command.Name)
			}
			flags = append(flags, a, rest[0])
			rest = rest[1:]
		default:
			flags = append(flags, a)
		}
	}
	ordered := append(slices.Clone(head), flags...)
	return append(append(ordered, "--"), operands...), nil
}

// takesValue says whether a flag's value is the next argument.
func takesValue(c *cli.Command, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, f := range c.Flags {
		if _, isBool := f.(*cli.BoolFlag); slices.Contains(f.Names(), name) {
			return !isBool
		}
	}
	return false
}

// common are the flags of every command that reads a config.
func common() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "the config file, instead of the argument"},
		&cli.StringSliceFlag{Name: "set", Usage: "override a key: `a.b.c=value` (YAML; repeatable)"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "errors and warnings only"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more"},
		&cli.BoolFlag{Name: "no-progress", Usage: "no live progress"},
		&cli.BoolFlag{Name: "json", Usage: "the result as JSON on stdout"},
	}
}

// target is the one config or directory that a command works on.
func target(c *cli.Context) (string, error) {
	switch path := c.String("config"); {
	case path != "" && c.Args().Len() > 0:
		return "", mistakef("found both --config %s and the argument %s; give one", path, c.Args().First())
	case path != "":
		return path, nil
	case c.Args().Len() == 1:
		return c.Args().First(), nil
	case c.Args().Len() == 0:
		return "", mistakef("%s needs a config file or an experiment directory, e.g. `%s`", c.Command.Name, example(c.Command))
	}
	return "", mistakef("%s takes one config, found %d: %s", c.Command.Name, c.Args().Len(), strings.Join(c.Args().Slice(), " "))
}

// example is the first line of a command's examples.
func example(c *cli.Command) string {
	for _, line := range strings.Split(c.Description, "\n") {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "trainer ") {
			return line
		}
	}
	return "trainer " + c.Name + " configs/train_vae.yaml"
}

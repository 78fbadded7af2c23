package trainer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a command before its arguments, where urfave/cli
// expects them: users type them on either side. What follows -- stays as it is.
func flagsFirst(app *cli.App, args []string) ([]string, error) {
	args = habits(args)
	i := slices.IndexFunc(args[min(1, len(args)):], func(a string) bool { return !strings.HasPrefix(a, "-") })
	before := args[min(1, len(args)):]
	if i >= 0 {
		before = before[:i]
	}
	for _, a := range before {
		if !isHelp(a) {
			return nil, mistakef("unknown flag %s; the flags follow the command, as in `trainer train CONFIG -q`; see `trainer --help`", a)
		}
	}
	if i < 0 || app.Command(args[1+i]) == nil {
		return args, nil
	}
	head, rest := args[:2+i], args[2+i:]
	flags, operands, err := sortArgs(app.Command(args[1+i]), rest)
	if err != nil {
		return nil, err
	}
	return slices.Concat(head, flags, []string{"--"}, operands), nil
}

// habits turns what users of other programs type into commands of this one.
func habits(args []string) []string {
	if len(args) < 2 {
		return args
	}
	switch args[1] {
	case "--version":
		return slices.Concat(args[:1], []string{"version"}, args[2:])
	case "help":
		return slices.Concat(args[:1], args[2:], []string{"--help"})
	}
	return args
}

// sortArgs tells a command's flags, with their values, from its arguments.
func sortArgs(c *cli.Command, rest []string) (flags, operands []string, err error) {
	if slices.ContainsFunc(rest, isHelp) {
		return []string{"--help"}, nil, nil
	}
	for len(rest) > 0 {
		a := rest[0]
		rest = rest[1:]
		if a == "--" {
			return flags, append(operands, rest...), nil
		}
		if !strings.HasPrefix(a, "-") || a == "-" {
			operands = append(operands, a)
			continue
		}
		flags = append(flags, a)
		needsValue, err := checkFlag(c, a)
		if err != nil {
			return nil, nil, err
		}
		if needsValue {
			if len(rest) == 0 {
				return nil, nil, mistakef("flag %s needs a value; see `trainer %s --help`", a, c.Name)
			}
			flags, rest = append(flags, rest[0]), rest[1:]
		}
	}
	return flags, operands, nil
}

// checkFlag says whether a flag's value is the next argument, or what is wrong with it.
func checkFlag(c *cli.Command, arg string) (needsValue bool, err error) {
	name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	i := slices.IndexFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		hint := ""
		if flagNames(c, "set") != "" {
			hint = "; a key of the config is overridden with --set, as in --set training.epochs=5"
		}
		return false, mistakef("unknown flag %s, expected %s%s", arg, flagNames(c, ""), hint)
	}
	_, isBool := c.Flags[i].(*cli.BoolFlag)
	if _, err := strconv.ParseBool(value); isBool && hasValue && err != nil {
		return false, mistakef("flag --%s: found %q, expected no value, or true or false", name, value)
	}
	return !isBool && !hasValue, nil
}

func isHelp(arg string) bool { return slices.Contains([]string{"-h", "-help", "--help"}, arg) }

// flagNames lists a command's flags, or the one of that name.
func flagNames(c *cli.Command, only string) string {
	var names []string
	for _, f := range c.Flags {
		if name := f.Names()[0]; only == "" || only == name {
			names = append(names, "--"+name)
		}
	}
	return strings.Join(names, ", ")
}

func commands(app *cli.App) string {
	var names []string
	for _, c := range app.Commands {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// common are the flags of every command that reads a config.
func common() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "`PATH` the argument, given as an option"},
		&cli.StringSliceFlag{Name: "set", Usage: "`KEY=VALUE` override a key of the config, as in training.optimizer.lr=3e-4 (YAML; repeatable)"},
		quietFlag(),
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more"},
		noProgressFlag(),
		jsonFlag(),
	}
}

func quietFlag() cli.Flag {
	return &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "errors and warnings only"}
}

func noProgressFlag() cli.Flag { return &cli.BoolFlag{Name: "no-progress", Usage: "no live progress"} }

func jsonFlag() cli.Flag { return &cli.BoolFlag{Name: "json", Usage: "the result as JSON on stdout"} }

// withOutput are flags of a command and, after them, those of what it prints.
func withOutput(flags ...cli.Flag) []cli.Flag {
	return append(flags, quietFlag(), noProgressFlag(), jsonFlag())
}

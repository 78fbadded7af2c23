package trainer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/config"
)

// shells are those that a completion script is written for.
var shells = map[string]func(*cli.App) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "a script that completes commands in your shell", ArgsUsage: "bash|zsh|fish",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "as everywhere; nothing is said"}},
		Action: func(c *cli.Context) error {
			write, ok := shells[c.Args().First()]
			if !ok || c.Args().Len() != 1 {
				return mistakef("completion: found %q, expected bash, zsh or fish", strings.Join(c.Args().Slice(), " "))
			}
			_, err := fmt.Fprint(c.App.Writer, write(c.App))
			return err
		},
	}
}

// withKeys are the flags whose value begins with a key of the config.
var withKeys = []string{"set", "grid", "choice", "uniform", "log-uniform"}

// completable is a command as a shell has to know it.
type completable struct {
	name, usage string
	flags       []cli.Flag
	words       []string // what its argument can be, where that is not a file
}

func completables(app *cli.App) []completable {
	var out []completable
	for _, c := range app.Commands {
		if c.Hidden {
			continue
		}
		one := completable{name: c.Name, usage: c.Usage}
		for _, f := range c.Flags {
			if f.Names()[0] != "help" {
				one.flags = append(one.flags, f)
			}
		}
		if first, _, _ := strings.Cut(c.ArgsUsage, " "); strings.Contains(first, "|") && first == strings.ToLower(first) {
			one.words = strings.Split(first, "|")
		}
		out = append(out, one)
	}
	return out
}

// configKeys are all keys that --set takes.
func configKeys() []string {
	var keys []string
	add := func(list []config.Key) {
		for _, k := range list {
			if k.Path != "model" && !slices.Contains(keys, k.Path) {
				keys = append(keys, k.Path)
			}
		}
	}
	add(config.Reference(config.Train{}, ""))
	keys = append(keys, "model.type", "model.variant")
	for _, v := range models() {
		add(config.Reference(v.Params(), "model."))
	}
	add(config.Reference(config.Infer{}, ""))
	slices.Sort(keys)
	return keys
}

func (c completable) flagWords() string {
	var words []string
	for _, f := range c.flags {
		words = append(words, "--"+f.Names()[0])
	}
	return strings.Join(append(words, "--help"), " ")
}

func bashCompletion(app *cli.App) string {
	var b strings.Builder
	list := completables(app)
	var names []string
	for _, c := range list {
		names = append(names, c.name)
	}
	fmt.Fprintf(&b, `# bash completion of trainer
_trainer_keys='%s'
_trainer() {
    local word=$2 before=$3 command=${COMP_WORDS[1]} words=
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W '%s --help --version' -- "$word"))
        return
    fi
    case $before in
    %s)
        compopt -o nospace
        COMPREPLY=($(compgen -S = -W "$_trainer_keys" -- "$word"))
        return ;;
    esac
    case $command in
`, strings.Join(configKeys(), " "), strings.Join(names, " "), "--"+strings.Join(withKeys, "|--"))
	for _, c := range list {
		fmt.Fprintf(&b, "    %s)\n        if [[ $word == -* ]]; then words='%s'; else words='%s'; fi ;;\n", c.name, c.flagWords(), strings.Join(c.words, " "))
	}
	b.WriteString(`    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    [[ $word == -* ]] || COMPREPLY+=($(compgen -f -- "$word"))
}
complete -o filenames -F _trainer trainer
`)
	return b.String()
}

// quoted is a text within single quotes of a shell, without what zsh and fish would read.
func quoted(text string) string {
	return strings.NewReplacer("'", "", "[", "(", "]", ")", ":", " -", "`", "", "\\", "").Replace(text)
}

func usageOf(f cli.Flag) string {
	if d, ok := f.(cli.DocGenerationFlag); ok {
		return quoted(d.GetUsage())
	}
	return ""
}

func zshCompletion(app *cli.App) string {
	var b strings.Builder
	list := completables(app)
	b.WriteString("#compdef trainer\n# zsh completion of trainer\n_trainer_keys=(" + strings.Join(configKeys(), " ") + ")\n")
	b.WriteString("_trainer_key() { compadd -S = -a _trainer_keys }\n_trainer() {\n    local -a commands\n    commands=(\n")
	for _, c := range list {
		fmt.Fprintf(&b, "        '%s:%s'\n", c.name, quoted(c.usage))
	}
	b.WriteString("    )\n    if ((CURRENT == 2)); then _describe command commands; return; fi\n    local command=$words[2]\n    shift words; ((CURRENT--))\n    case $command in\n")
	for _, c := range list {
		fmt.Fprintf(&b, "    %s)\n        _arguments \\\n", c.name)
		for _, f := range c.flags {
			name, value := f.Names()[0], ""
			switch _, isBool := f.(*cli.BoolFlag); {
			case slices.Contains(withKeys, name):
				value = ":key:_trainer_key"
			case !isBool:
				value = ":value:_files"
			}
			fmt.Fprintf(&b, "            '*--%s[%s]%s' \\\n", name, usageOf(f), value)
		}
		if len(c.words) > 0 {
			fmt.Fprintf(&b, "            ':word:(%s)' '*:file:_files' ;;\n", strings.Join(c.words, " "))
		} else {
			b.WriteString("            '*:file:_files' ;;\n")
		}
	}
	b.WriteString("    esac\n}\nif [[ $funcstack[1] == _trainer ]]; then _trainer; else compdef _trainer trainer; fi\n")
	return b.String()
}

func fishCompletion(app *cli.App) string {
	var b strings.Builder
	list := completables(app)
	b.WriteString("# fish completion of trainer\nset -g __trainer_keys " + strings.Join(configKeys(), " ") + "\n")
	for _, c := range list {
		fmt.Fprintf(&b, "complete -c trainer -n __fish_use_subcommand -f -a %s -d '%s'\n", c.name, quoted(c.usage))
		in := "-n '__fish_seen_subcommand_from " + c.name + "'"
		for _, w := range c.words {
			fmt.Fprintf(&b, "complete -c trainer %s -a %s\n", in, w)
		}
		for _, f := range c.flags {
			name, value := f.Names()[0], ""
			switch _, isBool := f.(*cli.BoolFlag); {
			case slices.Contains(withKeys, name):
				value = " -x -a '(printf \"%s=\\n\" $__trainer_keys)'"
			case !isBool:
				value = " -r"
			}
			fmt.Fprintf(&b, "complete -c trainer %s -l %s -d '%s'%s\n", in, name, usageOf(f), value)
		}
	}
	return b.String()
}

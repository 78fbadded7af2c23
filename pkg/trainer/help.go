package trainer

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/gotrainer/trainer/pkg/runs"
)

// helpTexts has NAME.txt for every command: what it does, then sections, each under a
// line in capitals. Name, usage and options come from the command itself.
//
//go:embed help/*.txt
var helpTexts embed.FS

// helpWidth is the terminal that help is laid out for, in columns.
const helpWidth = 80

// usualExits stands where a command has no EXIT CODES of its own.
const usualExits = `0    done
1    failed
2    a mistake in the arguments, the config or a file
130  interrupted by Ctrl-C, 143 by SIGTERM`

const environment = `TRAINER_LIB           the folder of libtrainer_*.so, if not ../lib
TRAINER_SHIM          cuda or cpu: which of the two libraries is loaded
CUDA_VISIBLE_DEVICES  the GPUs that may be used, as for every CUDA program
MLFLOW_TRACKING_URI   and MLflow's other variables: the server and the login
NO_COLOR              no colour in the terminal`

// manual is the text of a command's help.
type manual struct {
	about    string
	sections map[string]string
}

func manualOf(c *cli.Command) manual {
	text, err := helpTexts.ReadFile("help/" + c.Name + ".txt")
	if err != nil {
		return manual{}
	}
	m := manual{sections: map[string]string{}}
	at := ""
	for line := range strings.Lines(string(text)) {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed != "" && trimmed == strings.ToUpper(trimmed) && line[0] >= 'A' && line[0] <= 'Z':
			at = trimmed
		case at == "":
			m.about += line
		default:
			m.sections[at] += line
		}
	}
	m.about = strings.Replace(m.about, "{columns}", strings.Join(runs.Columns, ", "), 1)
	if m.sections["EXIT CODES"] == "" {
		m.sections["EXIT CODES"] = usualExits
	}
	return m
}

// examples are the command lines that the help shows.
func examples(c *cli.Command) []string {
	return strings.Split(strings.TrimSpace(manualOf(c).sections["EXAMPLES"]), "\n")
}

// helpPage is what `trainer COMMAND --help` prints.
func helpPage(c *cli.Command) string {
	m := manualOf(c)
	var b strings.Builder
	chapter := func(title, text string) {
		if text = strings.TrimRight(text, "\n"); text != "" {
			fmt.Fprintf(&b, "%s\n%s\n\n", title, indent(text))
		}
	}
	chapter("NAME", strings.Join(append([]string{"trainer " + c.Name}, c.Aliases...), ", ")+" - "+c.Usage)
	chapter("USAGE", strings.TrimSpace("trainer "+c.Name+" [options] "+c.ArgsUsage))
	chapter("DESCRIPTION", reflow(m.about))
	chapter("OPTIONS", optionTable(c.Flags))
	for _, title := range []string{"FILES", "EXIT CODES", "EXAMPLES", "SEE ALSO"} {
		chapter(title, m.sections[title])
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func indent(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "   " + line
		}
	}
	return strings.Join(lines, "\n")
}

// optionTable has a flag a line, with its default where it has one.
func optionTable(flags []cli.Flag) string {
	const column = 24
	var b strings.Builder
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok || slices.Contains(f.Names(), "help") {
			continue
		}
		name, about := optionName(f.Names(), d)
		lines := wrap(about, helpWidth-column-3)
		if len(name) > column-2 {
			fmt.Fprintln(&b, name)
			name = ""
		}
		for i, line := range lines {
			fmt.Fprintf(&b, "%-*s%s\n", column, map[bool]string{true: name}[i == 0], line)
		}
	}
	fmt.Fprintf(&b, "%-*s%s\n", column, "--help, -h", "this text")
	return b.String()
}

// optionName is a flag as it is typed, and what it does. The name of its value is what
// its usage has in quotes; at the beginning it is that name alone, else a word as well.
func optionName(names []string, f cli.DocGenerationFlag) (name, about string) {
	value := "VALUE"
	about = f.GetUsage()
	if before, rest, ok := strings.Cut(about, "`"); ok {
		if quoted, after, ok := strings.Cut(rest, "`"); ok {
			value, about = quoted, before+quoted+after
			if before == "" {
				about = strings.TrimSpace(after)
			}
		}
	}
	for i, n := range names {
		dashes := "--"
		if len(n) == 1 {
			dashes = "-"
		}
		names[i] = dashes + n
	}
	name = strings.Join(names, ", ")
	if f.TakesValue() {
		name += " " + value
		if d := strings.Trim(f.GetValue(), `"`); d != "" && d != "0" && d != "[]" {
			about += " (default: " + d + ")"
		}
	}
	return name, about
}

// reflow lays paragraphs out for the page; lines that are indented stay as they are.
func reflow(text string) string {
	var lines, paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			lines = append(lines, wrap(strings.Join(paragraph, " "), helpWidth-3)...)
		}
		paragraph = nil
	}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if line == "" || line[0] == ' ' {
			flush()
			lines = append(lines, line)
			continue
		}
		paragraph = append(paragraph, line)
	}
	flush()
	return strings.Join(lines, "\n")
}

// wrap breaks a text between words into lines of at most so many columns.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// appPage is what `trainer --help` prints: the commands in their groups.
func appPage(app *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "NAME\n   %s - %s\n\nUSAGE\n   trainer COMMAND [options] [argument]\n   trainer COMMAND --help\n\nDESCRIPTION\n%s\n",
		app.Name, app.Usage, indent(reflow(app.Description)))
	group := ""
	for _, c := range app.Commands {
		if c.Category != group {
			group = c.Category
			fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(group))
		}
		fmt.Fprintf(&b, "   %-20s%s\n", c.Name, c.Usage)
	}
	b.WriteString("\nENVIRONMENT\n" + indent(environment) + "\n\nEXAMPLES\n   trainer init vae\n   trainer train configs/train_vae.yaml\n" +
		"   trainer extract-embeddings configs/extract_embeddings.yaml\n   trainer report experiments/vae/baseline\n")
	return b.String()
}

// withHelp gives the app and its commands their help pages; cli takes them as templates.
func withHelp(app *cli.App) {
	literal := strings.NewReplacer("{{", `{{"{{"}}`)
	app.CustomAppHelpTemplate = literal.Replace(appPage(app))
	for _, c := range app.Commands {
		c.CustomHelpTemplate = literal.Replace(helpPage(c))
	}
}

// group puts commands under a heading of `trainer --help`.
func group(heading string, commands ...*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.Category = heading
	}
	return commands
}

package trainer

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestEveryCommandHasAWholeManualPage(t *testing.T) {
	app := newApp(nil, nil)
	files, err := helpTexts.ReadDir("help")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(app.Commands) {
		t.Errorf("%d help texts for %d commands", len(files), len(app.Commands))
	}
	for _, c := range app.Commands {
		m := manualOf(c)
		if n := len(regexp.MustCompile(`[.:](\s|$)`).FindAllString(m.about, -1)); n == 0 {
			t.Errorf("%s: no description", c.Name)
		}
		for title := range m.sections {
			if !slices.Contains([]string{"FILES", "EXIT CODES", "EXAMPLES", "SEE ALSO"}, title) {
				t.Errorf("%s: section %s is not shown", c.Name, title)
			}
		}
		if c.Description != "" {
			t.Errorf("%s: its description belongs into help/%s.txt", c.Name, c.Name)
		}
		if m.sections["SEE ALSO"] == "" || c.Category == "" {
			t.Errorf("%s: no SEE ALSO, or no group", c.Name)
		}
		for _, line := range examples(c) {
			checkExample(t, app, c, line)
		}
	}
}

// checkExample says whether an example is of that command, with flags that it has.
func checkExample(t *testing.T, app *cli.App, c *cli.Command, line string) {
	t.Helper()
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "trainer" || words[1] != c.Name {
		t.Errorf("%s: example %q", c.Name, line)
		return
	}
	if i := slices.Index(words, ">"); i >= 0 {
		words = words[:i]
	}
	if _, err := flagsFirst(app, words); err != nil {
		t.Errorf("%s: %v", line, err)
	}
}

func TestHelpNamesCommandsFlagsAndDocsThatExist(t *testing.T) {
	app := newApp(nil, nil)
	for _, c := range app.Commands {
		page := helpPage(c)
		for _, found := range regexp.MustCompile("(?m)(?:`|, |^ {3})trainer ([a-z-]+)").FindAllStringSubmatch(page, -1) {
			if app.Command(found[1]) == nil {
				t.Errorf("%s: %q is not a command", c.Name, found[1])
			}
		}
		for _, found := range regexp.MustCompile(`docs/[a-z-]+\.md`).FindAllString(page, -1) {
			if _, err := os.Stat(filepath.Join("..", "..", found)); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
	}
}

func TestHelpFitsATerminalAndShowsDefaults(t *testing.T) {
	app := newApp(nil, nil)
	pages := []string{appPage(app)}
	for _, c := range app.Commands {
		pages = append(pages, helpPage(c))
	}
	for _, page := range pages {
		for line := range strings.Lines(page) {
			line = strings.TrimRight(line, "\n")
			if typed := strings.TrimSpace(line); len([]rune(line)) > helpWidth && !strings.Contains(typed, "trainer ") {
				t.Errorf("%d columns: %q", len([]rune(line)), line)
			}
			if strings.Contains(line, "VALUE") && !strings.Contains(line, "=VALUE") && !strings.Contains(line, ">VALUE") {
				t.Errorf("a value without a name of its own: %q", line)
			}
		}
	}
	page := helpPage(app.Command("sweep"))
	for _, want := range []string{"(default: 42)", "(default: 1)", "--jobs, -j N"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if strings.Contains(page, "default: false") || strings.Contains(page, "default: 0") {
		t.Errorf("a default that says nothing in\n%s", page)
	}
}

func TestBracesInHelpAreNoTemplate(t *testing.T) {
	app := newApp(nil, nil)
	c := &cli.Command{Name: "x", Usage: "{{.Name}}"}
	app.Commands = []*cli.Command{c}
	withHelp(app)
	var out strings.Builder
	cli.HelpPrinterCustom(&out, c.CustomHelpTemplate, c, nil)
	if !strings.Contains(out.String(), "trainer x - {{.Name}}") {
		t.Error(out.String())
	}
}

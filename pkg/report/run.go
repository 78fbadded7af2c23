package report

import (
	"html/template"
	"io"
	"regexp"
	"strings"
)

// Fact is one line of what is known of a run.
type Fact struct{ Name, Value string }

// Section is a part of a run's page.
type Section struct {
	Title    string
	About    string // what is seen, and how it was computed
	Figures  []Figure
	Pictures []Pictures
	Tables   []Table
}

// Run is the page of one run.
type Run struct {
	Title    string
	About    string
	Facts    []Fact
	Sections []Section
	Notes    []string // what could not be shown, and why
}

// File is a picture of the page, to be saved beside it.
type File struct {
	Name    string // as val-loss.png
	Content []byte
}

var notPlain = regexp.MustCompile(`[^a-z0-9]+`)

func fileName(title string) string {
	return strings.Trim(notPlain.ReplaceAllString(strings.ToLower(title), "-"), "-") + ".png"
}

// Files are all drawings and pictures of the page as PNGs.
func (r Run) Files() ([]File, error) {
	var files []File
	for _, s := range r.Sections {
		for _, f := range s.Figures {
			content, err := PNG(f)
			if err != nil {
				return nil, err
			}
			files = append(files, File{fileName(f.Name()), content})
		}
		for _, p := range s.Pictures {
			content, err := p.PNG()
			if err != nil {
				return nil, err
			}
			files = append(files, File{fileName(p.Title), content})
		}
	}
	return files, nil
}

// WriteHTML writes the page: everything is inside it.
func (r Run) WriteHTML(w io.Writer) error {
	type picture struct {
		Pictures
		URL template.URL
	}
	type figure struct {
		SVG    template.HTML
		Legend []Legend
	}
	type section struct {
		Section
		Drawn []figure
		Shown []picture
	}
	page := struct {
		Run
		Parts []section
	}{Run: r}
	for _, s := range r.Sections {
		part := section{Section: s}
		for _, f := range s.Figures {
			svg, err := drawSVG(f)
			if err != nil {
				return err
			}
			part.Drawn = append(part.Drawn, figure{template.HTML(svg), f.legend()})
		}
		for _, p := range s.Pictures {
			content, err := p.PNG()
			if err != nil {
				return err
			}
			part.Shown = append(part.Shown, picture{p, dataURL(content)})
		}
		page.Parts = append(page.Parts, part)
	}
	return runPage.Execute(w, page)
}

var runPage = template.Must(template.New("run").Funcs(css).Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{{.Title}}</title>
<style>
` + Style + `dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1.2rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
figcaption { color: var(--soft); margin-top: .2rem; }
figure img { max-width: 100%; height: auto; image-rendering: pixelated; display: block; }
.notes { border-left: .25rem solid #e69f00; padding-left: .8rem; }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
<p class="about">{{.About}}</p>
<dl>{{range .Facts}}
<dt>{{.Name}}</dt><dd>{{.Value}}</dd>{{end}}
</dl>
{{with .Notes}}<div class="notes">{{range .}}<p>{{.}}</p>{{end}}</div>
{{end}}{{range .Parts}}<h2>{{.Title}}</h2>
{{with .About}}<p class="about">{{.}}</p>
{{end}}<div class="charts">{{range .Drawn}}
<figure>{{.SVG}}{{with .Legend}}<ul class="legend">{{range .}}<li><i style="background: {{css .Color}}"></i>{{.Name}}</li>{{end}}</ul>{{end}}</figure>{{end}}{{range .Shown}}
<figure><img src="{{.URL}}" alt="{{.Title}}"><figcaption><strong>{{.Title}}.</strong> {{.About}}</figcaption></figure>{{end}}
</div>
{{range .Tables}}<h3>{{.Title}}</h3>
<div class="wide"><table{{if .Text}} class="text"{{end}}>
<thead><tr>{{range .Head}}<th>{{.}}</th>{{end}}</tr></thead>
<tbody>{{range .Rows}}
<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>{{end}}
</tbody>
</table></div>
{{end}}{{end}}</body>
</html>
`))

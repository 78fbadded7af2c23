package report

import (
	"html/template"
	"io"
)

// Legend is one entry of a page's legend.
type Legend struct {
	Name  string
	Color string // as CSS has it
}

// Table is a table of a page; the first cell of a row is its head.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
	Mark  int  // the column of the best run, from 1; 0 = none
	Text  bool // the last column is text, not numbers
}

// Comparison is a page that compares runs.
type Comparison struct {
	Title  string
	About  string // one sentence under the title
	Legend []Legend
	Tables []Table
	Charts []Chart
}

// WriteHTML writes the page.
func (c Comparison) WriteHTML(w io.Writer) error {
	var drawn []template.HTML
	for _, chart := range c.Charts {
		svg, err := chart.SVG()
		if err != nil {
			return err
		}
		drawn = append(drawn, template.HTML(svg))
	}
	return comparisonPage.Execute(w, struct {
		Comparison
		Drawn []template.HTML
	}{c, drawn})
}

// Style is the look of every page.
const Style = `:root { color-scheme: light dark; --text: #1a1a1a; --soft: #5c5c5c; --line: #d5d5d5; --page: #ffffff; --mark: #e8f2fa; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --soft: #a5a5a5; --line: #3d3d3d; --page: #161616; --mark: #1c3347; } }
@media print { :root { --text: #000; --soft: #444; --line: #ccc; --page: #fff; --mark: #eee; } figure { break-inside: avoid; } }
* { box-sizing: border-box; }
body { overflow-wrap: anywhere; margin: 0 auto; padding: 1.5rem; max-width: 78rem; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.about { color: var(--soft); margin: 0 0 1rem; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; margin: .5rem 0; }
.legend i { display: inline-block; width: 1.1em; height: .3em; margin-right: .5em; vertical-align: .2em; border-radius: 2px; }
.wide { overflow-x: auto; } figure .legend { justify-content: center; margin: .2rem 0; font-size: .9em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } thead th { color: var(--soft); font-weight: 600; }
table.text th:last-child, table.text td:last-child { text-align: left; }
td.mark, th.mark { background: var(--mark); }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: 1rem 1.2rem; }
figure { margin: 0; padding-right: .8rem; overflow: hidden; } figure svg { width: 100%; height: auto; color: var(--text); display: block; overflow: visible; }
svg text { fill: currentColor; font-family: "Liberation Sans", Arial, Helvetica, sans-serif !important; font-style: normal !important; }
`

// css lets a colour of the palette into a style.
var css = template.FuncMap{"css": func(s string) template.CSS { return template.CSS(s) }}

var comparisonPage = template.Must(template.New("comparison").Funcs(css).Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{{.Title}}</title>
<style>
` + Style + `</style>
</head>
<body>
<h1>{{.Title}}</h1>
<p class="about">{{.About}}</p>
<ul class="legend">{{range .Legend}}
<li><i style="background: {{css .Color}}"></i>{{.Name}}</li>{{end}}
</ul>
{{range .Tables}}{{$mark := .Mark}}<h2>{{.Title}}</h2>
<div class="wide"><table>
<thead><tr>{{range $i, $c := .Head}}<th{{if and $mark (eq $i $mark)}} class="mark"{{end}}>{{$c}}</th>{{end}}</tr></thead>
<tbody>{{range .Rows}}
<tr>{{range $i, $c := .}}<td{{if and $mark (eq $i $mark)}} class="mark"{{end}}>{{$c}}</td>{{end}}</tr>{{end}}
</tbody>
</table></div>
{{end}}{{if .Drawn}}<h2>Curves</h2>
<div class="charts">{{range .Drawn}}
<figure>{{.}}</figure>{{end}}
</div>
{{end}}</body>
</html>
`))

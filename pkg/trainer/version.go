package trainer

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"
)

// version is set when the program is linked.
var version = "devel"

func versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "the versions of trainer and libtorch",
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 0 {
				return mistakef("version takes no argument, found %s", c.Args().First())
			}
			out := newConsole(c)
			v := map[string]string{"trainer": version, "go": runtime.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH}
			libtorch := "not found"
			if e, err := startEngine(1, true); err == nil {
				libtorch = e.Version()
				e.Close()
			} else {
				out.note(err.Error())
			}
			v["libtorch"] = libtorch
			return out.result(v, fmt.Sprintf("trainer %s\nlibtorch %s\n%s %s", version, libtorch, v["go"], v["os"]))
		},
	}
}

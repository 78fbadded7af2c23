package main

import (
	"strings"
	"testing"
)

func TestBenchTableHasEveryWorkloadOnceWithTheFewestThreads(t *testing.T) {
	got, err := benchTable("# trainer beside others, on cpu\n\nA machine; versions.\n\n" +
		"| workload | threads | against | ours ms | theirs ms | ratio | spread | aim | met | difference |\n| --- | --- |\n" +
		"| VAE | 1 | Lightning | 2 | 6 | 3.0 | 2–4 | ≥ 1 | yes | 0 |\n| VAE | 1 | another | 2 | 6 | 3.0 | 2–4 | ≥ 1 | yes | 0 |\n" +
		"| VAE | 2 | Lightning | 1 | 6 | 6.0 | 2–4 | ≥ 1 | yes | 0 |\n| start | 2 | Lightning | 1 | 0.5 | 0.5 | 0.4–0.6 | ≥ 1 | **no** | – |\n\n" +
		"Peak resident memory:\n\n| VAE | 1 | Lightning | 1 | 2 | 0.5 | ≤ 1 | yes |\n")
	want := "A machine; versions.\n\n| workload | threads | against | ours ms | theirs ms | ratio (least–most) |\n|---|---|---|---|---|---|\n" +
		"| VAE | 1 | Lightning | 2 | 6 | 3.0 (2–4) |\n| start | 2 | Lightning | 1 | 0.5 | 0.5 (0.4–0.6) |\n"
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := benchTable("nothing"); err == nil {
		t.Error("a table without rows is no mistake")
	}
}

func TestCommandsAreReadFromTheHelp(t *testing.T) {
	got := commandTable("NAME\n   trainer - trains\n\nPREPARE\n   init        write a config\n   validate    check it\n\nENVIRONMENT\n   no       color\n")
	want := "| | command | does |\n|---|---|---|\n| Prepare | [`init`](docs/commands.md#trainer-init) | write a config |\n" +
		"|  | [`validate`](docs/commands.md#trainer-validate) | check it |\n"
	if got != want {
		t.Error(got)
	}
}

func TestBlocksAreReplacedBetweenTheirMarks(t *testing.T) {
	got, err := replaceBlock("a\n<!-- x -->\nold\n<!-- /x -->\nb\n", "x", "new\n")
	if err != nil || got != "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n" {
		t.Error(got, err)
	}
	for _, broken := range []string{"a", "<!-- x -->\nold"} {
		if _, err := replaceBlock(broken, "x", ""); err == nil || !strings.Contains(err.Error(), "no <!--") {
			t.Errorf("%q: %v", broken, err)
		}
	}
}

// pprofcheck reads pprof files with github.com/google/pprof and prints one JSON object a line: what a test may ask of a profile.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/pprof/profile"
)

func main() {
	for _, name := range os.Args[1:] {
		file, err := os.Open(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		p, err := profile.Parse(file)
		file.Close()
		if err == nil {
			err = p.CheckValid()
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		types, totals, functions := []string{}, []int64{}, map[string]bool{}
		for _, t := range p.SampleType {
			types = append(types, t.Type+"/"+t.Unit)
			totals = append(totals, 0)
		}
		lines := 0
		for _, s := range p.Sample {
			for i, v := range s.Value {
				totals[i] += v
			}
			for _, l := range s.Location {
				for _, line := range l.Line {
					if line.Line > 0 {
						lines++
					}
					functions[line.Function.Name] = true
				}
			}
		}
		names := []string{}
		for f := range functions {
			names = append(names, f)
		}
		_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"file": name, "types": types, "totals": totals, "samples": len(p.Sample),
			"functions": names, "frames_with_lines": lines, "time_nanos": p.TimeNanos, "duration_nanos": p.DurationNanos})
	}
}

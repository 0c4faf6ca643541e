// Merge: what `invar archive merge`, `diff` and `top` make of the captured profiles against what github.com/google/pprof makes of
// them: every sample in its order with values, addresses, mappings, functions, lines and labels, the header, and self and total
// of every function.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/pprof/profile"

	"invar/tests/pprof_check/said"
)

func loadAll(paths []string) []*profile.Profile {
	var all []*profile.Profile
	for _, path := range paths {
		all = append(all, said.Load(path))
	}
	return all
}

// Everything that a profile says, in words, one line of text per thing.
func words(p *profile.Profile) []string {
	out := []string{fmt.Sprintf("%s for %d", said.Header(p), p.DurationNanos)}
	for _, m := range p.Mapping {
		out = append(out, said.Mapping(m))
	}
	out = append(out, fmt.Sprintf("%d locations, %d functions", len(p.Location), len(p.Function)))
	for _, s := range p.Sample {
		out = append(out, fmt.Sprintf("%d %s\n%s", s.Value, said.Labels(s), said.Frames(s)))
	}
	return out
}

func same(ours, theirs *profile.Profile) error {
	if err := ours.CheckValid(); err != nil {
		return err
	}
	got, want := words(ours), words(theirs)
	for i := 0; i < len(got) && i < len(want); i++ {
		if got[i] != want[i] {
			return fmt.Errorf("%s\nshould be\n%s", got[i], want[i])
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d things, should be %d", len(got), len(want))
	}
	return nil
}

// Per function: self and total of every sample type.
type row struct{ self, total []int64 }

func table(p *profile.Profile) map[string]row {
	out := map[string]row{}
	for _, s := range p.Sample {
		seen := map[string]bool{}
		for i, l := range s.Location {
			for j, line := range l.Line {
				name := line.Function.Name
				r, ok := out[name]
				if !ok {
					r = row{make([]int64, len(p.SampleType)), make([]int64, len(p.SampleType))}
				}
				for k, value := range s.Value {
					if i == 0 && j == 0 {
						r.self[k] += value
					}
					if !seen[name] {
						r.total[k] += value
					}
				}
				seen[name] = true
				out[name] = r
			}
		}
	}
	return out
}

type printed struct {
	Types []struct{ Type, Unit string }
	Rows  []struct {
		Name        string
		Self, Total [][]int64
	}
}

// `sides` are the profiles whose values should stand in the table, in order.
func sameTable(data []byte, sides ...*profile.Profile) error {
	var ours printed
	if err := json.Unmarshal(data, &ours); err != nil {
		return err
	}
	var want []map[string]row
	for _, p := range sides {
		want = append(want, table(p))
	}
	seen := map[string]bool{}
	for _, r := range ours.Rows {
		seen[r.Name] = true
		for side := range sides {
			expected, ok := want[side][r.Name]
			if !ok {
				expected = row{make([]int64, len(ours.Types)), make([]int64, len(ours.Types))}
			}
			if fmt.Sprint(r.Self[side], r.Total[side]) != fmt.Sprint(expected.self, expected.total) {
				return fmt.Errorf("%s: self %d, total %d, should be %d", r.Name, r.Self[side], r.Total[side], expected)
			}
		}
	}
	for side := range sides {
		for name := range want[side] {
			if !seen[name] {
				return fmt.Errorf("%s is missing", name)
			}
		}
	}
	return nil
}

func run(program string, arguments ...string) []byte {
	command := exec.Command(program, append([]string{"archive"}, arguments...)...)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		said.Must(fmt.Errorf("invar archive %s: %w", strings.Join(arguments, " "), err))
	}
	return out
}

func check(invar, name string, files []string, temporary string) error {
	out := filepath.Join(temporary, "out.pb.gz")
	merged, err := profile.Merge(loadAll(files))
	said.Must(err)
	run(invar, append([]string{"merge", "-o", out}, files...)...)
	if err := same(said.Load(out), merged); err != nil {
		return fmt.Errorf("merge: %w", err)
	}
	if err := sameTable(run(invar, append([]string{"top", "--json"}, files...)...), merged); err != nil {
		return fmt.Errorf("top: %w", err)
	}

	first, last := files[0], files[len(files)-1]
	negative := said.Load(first)
	negative.Scale(-1)
	difference, err := profile.Merge([]*profile.Profile{negative, said.Load(last)})
	said.Must(err)
	run(invar, "diff", "-o", out, first, last)
	if err := same(said.Load(out), difference); err != nil {
		return fmt.Errorf("diff: %w", err)
	}
	if err := sameTable(run(invar, "diff", "--json", first, last), said.Load(first), said.Load(last)); err != nil {
		return fmt.Errorf("diff table: %w", err)
	}
	fmt.Printf("%s: merge of %d samples, difference of %d and all functions equal\n", name, len(merged.Sample), len(difference.Sample))
	return nil
}

func main() {
	if len(os.Args) != 3 {
		said.Must(fmt.Errorf("usage: merge INVAR PROFILES"))
	}
	temporary, err := os.MkdirTemp("", "merge_check")
	said.Must(err)
	defer os.RemoveAll(temporary)
	sets := map[string][]string{}
	for _, pattern := range []string{"*-1.pb.gz", "*-2.pb.gz", "*-3.pb.gz"} {
		files, err := filepath.Glob(filepath.Join(os.Args[2], pattern))
		said.Must(err)
		for _, file := range files {
			name := filepath.Base(file)
			sets[name[:strings.LastIndex(name, "-")]] = append(sets[name[:strings.LastIndex(name, "-")]], file)
		}
	}
	if len(sets) != 14 {
		said.Must(fmt.Errorf("%d captured kinds, should be 14", len(sets)))
	}
	// Different programs in one merge.
	for _, kind := range []string{"heap", "mutex", "cpu"} {
		files, err := filepath.Glob(filepath.Join(os.Args[2], "*-"+kind+"-*.pb.gz"))
		said.Must(err)
		sets["all "+kind] = files
	}
	failed := false
	for name, files := range sets {
		if err := check(os.Args[1], name, files, temporary); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			failed = true
		}
	}
	if failed {
		os.RemoveAll(temporary)
		os.Exit(1)
	}
}

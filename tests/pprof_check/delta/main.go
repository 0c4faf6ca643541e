// Delta: computes the delta of every captured pair of rounds with google/pprof and compares it with ours: every stack with
// its values, addresses, mappings, functions, files, lines and labels, and the header. Then the same with made-up programs.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/pprof/profile"

	"invar/tests/pprof_check/said"
)

var cumulative = map[string]map[string]string{
	"memory": {"alloc_objects": "count", "alloc_space": "bytes"},
	"mutex":  {"contentions": "count", "delay": "nanoseconds"},
	"block":  {"contentions": "count", "delay": "nanoseconds"},
}

// The profile name under which a captured kind is scraped.
var names = map[string]string{
	"heap": "memory", "allocs": "memory", "mutex": "mutex", "block": "block", "cpu": "process_cpu", "goroutine": "goroutines",
}

const madeUpPrograms = 60

type row struct {
	values []int64
	frames string // in words, for the comparison
}

// Which stack this is: addresses with their mappings, chains of lines where there is no address.
func identity(s *profile.Sample) string {
	var key strings.Builder
	for _, l := range s.Location {
		if l.Address != 0 {
			fmt.Fprintf(&key, "%x", l.Address)
			if l.Mapping != nil {
				fmt.Fprintf(&key, "@%x %s %s", l.Mapping.Start, l.Mapping.File, l.Mapping.BuildID)
			}
		} else {
			for _, line := range l.Line {
				fmt.Fprintf(&key, "%s %s:%d|", line.Function.Name, line.Function.Filename, line.Line)
			}
		}
		key.WriteByte('\n')
	}
	return key.String() + said.Labels(s)
}

func rows(p *profile.Profile) map[string]*row {
	out := map[string]*row{}
	for _, s := range p.Sample {
		key := identity(s)
		if known, ok := out[key]; ok {
			for i, value := range s.Value {
				known.values[i] += value
			}
			continue
		}
		out[key] = &row{append([]int64(nil), s.Value...), said.Frames(s) + "\n" + said.Labels(s)}
	}
	return out
}

func expected(before, after *profile.Profile, name string) map[string]*row {
	old, out := rows(before), rows(after)
	for key, r := range out {
		zero := true
		for i, t := range after.SampleType {
			if unit, ok := cumulative[name][t.Type]; ok && unit == t.Unit && old[key] != nil {
				r.values[i] -= old[key].values[i]
			}
			if r.values[i] < 0 {
				r.values[i] = 0
			}
			zero = zero && r.values[i] == 0
		}
		if zero {
			delete(out, key)
		}
	}
	return out
}

// from > to stands for counters that fell: of most of the weight in a restart, whose own values are what happened since, or of few
// stacks, which did nothing. Which one it is, the tool says.
func compare(tool, dir, kind string, from, to int, name string) error {
	first := filepath.Join(dir, fmt.Sprintf("%s-%d.pb.gz", kind, from))
	second := filepath.Join(dir, fmt.Sprintf("%s-%d.pb.gz", kind, to))
	out, err := os.CreateTemp("", "delta")
	said.Must(err)
	out.Close()
	defer os.Remove(out.Name())
	command := exec.Command(tool, name, first, second, out.Name())
	command.Stderr = os.Stderr
	answer, err := command.Output()
	if err != nil {
		return err
	}
	verdict := strings.TrimSpace(string(answer))
	if cumulative[name] == nil {
		if verdict != "pass-through" {
			return fmt.Errorf("should pass through, is %s", verdict)
		}
		return nil
	}
	if verdict != "delta" && (verdict != "reset" || from < to) {
		return fmt.Errorf("should be a delta, is %s", verdict)
	}
	before, after, ours := said.Load(first), said.Load(second), said.Load(out.Name())
	if err := ours.CheckValid(); err != nil {
		return err
	}
	if said.Header(ours) != said.Header(after) {
		return fmt.Errorf("header %s, should be %s", said.Header(ours), said.Header(after))
	}
	duration := after.TimeNanos - before.TimeNanos
	if from > to {
		duration = after.DurationNanos
	}
	if verdict == "reset" {
		before = &profile.Profile{}
	}
	if ours.DurationNanos != duration {
		return fmt.Errorf("duration %d, should be %d", ours.DurationNanos, duration)
	}
	want, got := expected(before, after, name), rows(ours)
	if len(got) != len(ours.Sample) {
		return fmt.Errorf("%d samples of %d stacks", len(ours.Sample), len(got))
	}
	if len(want) != len(got) {
		return fmt.Errorf("%d stacks, should be %d", len(got), len(want))
	}
	for key, r := range want {
		if got[key] == nil {
			return fmt.Errorf("missing stack\n%s", r.frames)
		}
		if fmt.Sprint(got[key].values) != fmt.Sprint(r.values) || got[key].frames != r.frames {
			return fmt.Errorf("%v, should be %v\n%s\nshould be\n%s", got[key].values, r.values, got[key].frames, r.frames)
		}
	}
	fmt.Printf("%s %d -> %d (%s): %d of %d stacks equal\n", kind, from, to, verdict, len(got), len(rows(after)))
	return nil
}

func main() {
	if len(os.Args) != 3 {
		said.Must(fmt.Errorf("usage: delta DELTA_TOOL PROFILES"))
	}
	files, err := filepath.Glob(filepath.Join(os.Args[2], "*-1.pb.gz"))
	said.Must(err)
	if len(files) != 14 {
		said.Must(fmt.Errorf("%d captured kinds, should be 14", len(files)))
	}
	failed := false
	for _, file := range files {
		kind := strings.TrimSuffix(filepath.Base(file), "-1.pb.gz")
		for _, pair := range [][2]int{{1, 2}, {2, 3}, {3, 1}} {
			if err := compare(os.Args[1], os.Args[2], kind, pair[0], pair[1], names[kind[strings.LastIndex(kind, "-")+1:]]); err != nil {
				fmt.Fprintf(os.Stderr, "%s %d -> %d: %v\n", kind, pair[0], pair[1], err)
				failed = true
			}
		}
	}
	folder, err := os.MkdirTemp("", "made-up")
	said.Must(err)
	for seed := int64(1); seed <= madeUpPrograms; seed++ {
		if err := compareMadeUp(os.Args[1], folder, seed); err != nil {
			fmt.Fprintf(os.Stderr, "made-up program %d: %v\n", seed, err)
			failed = true
		}
	}
	said.Must(os.RemoveAll(folder))
	if failed {
		os.Exit(1)
	}
}

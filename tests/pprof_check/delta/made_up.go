package main

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"sort"

	"github.com/google/pprof/profile"

	"invar/tests/pprof_check/said"
)

// A made-up program: what no captured profile has, such as locations without an address (as interpreters write them), the same
// address in two mappings or in none, labels of every kind, repeated stacks, ids that are sparse, huge and renumbered in each round,
// deep stacks, and columns in any order beside the cumulative ones.
type program struct {
	*rand.Rand
	kind       string
	types      []*profile.ValueType
	cumulative []bool
	places     []place
	stacks     []stack
	mappings   int
}

type place struct {
	address uint64
	mapping int // -1: none
	lines   [][2]int
}

type stack struct {
	places []int
	sample profile.Sample // labels, and the values so far
}

func newProgram(seed int64) *program {
	p := &program{Rand: rand.New(rand.NewSource(seed))}
	p.kind = []string{"heap", "mutex", "block"}[p.Intn(3)]
	for kind, unit := range cumulative[names[p.kind]] {
		p.types = append(p.types, &profile.ValueType{Type: kind, Unit: unit})
	}
	sort.Slice(p.types, func(a, b int) bool { return p.types[a].Type < p.types[b].Type }) // the same with each run
	p.types = append(p.types[p.Intn(2):], &profile.ValueType{Type: "inuse_space", Unit: "bytes"})
	if p.Intn(3) == 0 {
		p.types = append(p.types, &profile.ValueType{Type: p.types[0].Type, Unit: "another"})
	}
	p.Shuffle(len(p.types), func(a, b int) { p.types[a], p.types[b] = p.types[b], p.types[a] })
	for _, t := range p.types {
		unit, known := cumulative[names[p.kind]][t.Type]
		p.cumulative = append(p.cumulative, known && unit == t.Unit)
	}

	p.mappings = p.Intn(4)
	withoutAddress := []float64{0, 0.3, 1}[p.Intn(3)]
	known := map[string]bool{}
	for i := 1 + p.Intn(200); i > 0; i-- {
		next := place{mapping: -1}
		for n := 1 + p.Intn(3); n > 0; n-- {
			next.lines = append(next.lines, [2]int{p.Intn(50), p.Intn(100)})
		}
		if p.Float64() >= withoutAddress {
			next.address = 1 + p.Uint64()>>uint(p.Intn(48))
			if len(p.places) > 0 && p.Intn(4) == 0 {
				next.address = p.places[p.Intn(len(p.places))].address
			}
			if p.mappings > 0 {
				next.mapping = p.Intn(p.mappings+1) - 1
			}
		}
		key := fmt.Sprint(next.address, next.mapping)
		if next.address == 0 {
			key = fmt.Sprint(next.lines)
		}
		if !known[key] {
			known[key] = true
			p.places = append(p.places, next)
		}
	}

	deepest := []int{1, 5, 20, 200}[p.Intn(4)]
	for i := p.Intn(400); i > 0; i-- {
		s := stack{sample: profile.Sample{Label: map[string][]string{}, NumLabel: map[string][]int64{}, NumUnit: map[string][]string{}}}
		for n := p.Intn(deepest + 1); n > 0; n-- {
			s.places = append(s.places, p.Intn(len(p.places)))
		}
		for n := p.Intn(3); n > 0; n-- {
			key := fmt.Sprint("text", p.Intn(3))
			s.sample.Label[key] = append(s.sample.Label[key], fmt.Sprint("value", p.Intn(3)))
		}
		if p.Intn(2) == 0 {
			s.sample.NumLabel["bytes"] = []int64{1 + p.Int63n(5)}
			s.sample.NumUnit["bytes"] = []string{"bytes"}
		}
		for range p.types {
			s.sample.Value = append(s.sample.Value, p.Int63n(1<<uint(1+p.Intn(50))))
		}
		p.stacks = append(p.stacks, s)
	}
	return p
}

// The next profile: counters have grown, or not; everything is numbered and ordered anew.
func (p *program) profile(round int) *profile.Profile {
	out := &profile.Profile{SampleType: p.types, PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: p.Int63n(3),
		TimeNanos: int64(round)*15e9 + p.Int63n(1e9), DropFrames: "drop.*", Comments: []string{"made up"}}
	id := []func(i int) uint64{
		func(i int) uint64 { return uint64(i + 1) },
		func(i int) uint64 { return uint64(i)*1000003 + 17 },
		func(i int) uint64 { return 1<<63 + uint64(i)*7919 },
	}[p.Intn(3)]
	for i := 0; i < p.mappings; i++ {
		out.Mapping = append(out.Mapping, &profile.Mapping{ID: id(i), Start: uint64(i%2) << 12, Limit: 1 << 40,
			File: fmt.Sprintf("/lib/%d.so", i), BuildID: fmt.Sprint(i / 2), HasFunctions: i%2 == 0})
	}
	functions := map[int]*profile.Function{}
	locations := make([]*profile.Location, len(p.places))
	for i, at := range p.Perm(len(p.places)) {
		from := p.places[at]
		to := &profile.Location{ID: id(i), Address: from.address}
		if from.mapping >= 0 {
			to.Mapping = out.Mapping[from.mapping]
		}
		for _, line := range from.lines {
			f := functions[line[0]]
			if f == nil {
				f = &profile.Function{ID: id(len(functions)), Name: fmt.Sprintf("pkg.F%d[...]", line[0]), Filename: fmt.Sprint(line[0]/3, ".go")}
				functions[line[0]] = f
				out.Function = append(out.Function, f)
			}
			to.Line = append(to.Line, profile.Line{Function: f, Line: int64(line[1])})
		}
		locations[at] = to
		out.Location = append(out.Location, to)
	}
	for _, i := range p.Perm(len(p.stacks)) {
		s := &p.stacks[i]
		if round == 1 && i%10 == 0 {
			continue // not seen before the second round
		}
		for column := range p.types {
			if !p.cumulative[column] {
				s.sample.Value[column] = p.Int63n(100)
			} else if p.Intn(3) == 0 {
				s.sample.Value[column] += p.Int63n(100)
			}
		}
		sample := s.sample
		sample.Value = append([]int64(nil), s.sample.Value...)
		for _, at := range s.places {
			sample.Location = append(sample.Location, locations[at])
		}
		out.Sample = append(out.Sample, &sample)
	}
	return out
}

// Writes two rounds of one program as FOLDER/madeupSEED-{1,2}.pb.gz and compares.
func compareMadeUp(tool, folder string, seed int64) error {
	p := newProgram(seed)
	name := fmt.Sprint("madeup", seed)
	for round := 1; round <= 2; round++ {
		file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%s-%d.pb.gz", name, round)))
		said.Must(err)
		made := p.profile(round)
		said.Must(made.CheckValid())
		said.Must(made.Write(file))
		said.Must(file.Close())
	}
	return compare(tool, folder, name, 1, 2, names[p.kind])
}

package main

import (
	"bytes"
	"fmt"
	"math/rand"

	"github.com/google/pprof/profile"
)

// A made-up program: what its five profiles look like at one round after the other. Values of cumulative profiles grow in
// every row, so that every row is in every delta.
type program struct {
	kinds map[string][][]byte
}

type shape struct {
	types  []*profile.ValueType
	stacks int
	depth  int
	sizes  bool // a label "bytes", as Go's heap profiles have
}

func valueTypes(pairs ...string) []*profile.ValueType {
	var types []*profile.ValueType
	for i := 0; i < len(pairs); i += 2 {
		types = append(types, &profile.ValueType{Type: pairs[i], Unit: pairs[i+1]})
	}
	return types
}

func newProgram(seed int64, heapStacks, rounds int) *program {
	contention := valueTypes("contentions", "count", "delay", "nanoseconds")
	shapes := map[string]shape{
		"heap": {valueTypes("alloc_objects", "count", "alloc_space", "bytes", "inuse_objects", "count", "inuse_space", "bytes"),
			heapStacks, 20, true},
		"block":     {contention, 225, 12, false},
		"mutex":     {contention, 210, 12, false},
		"goroutine": {valueTypes("goroutine", "count"), 60, 10, false},
		"cpu":       {valueTypes("samples", "count", "cpu", "nanoseconds"), 300, 20, false},
	}
	p := &program{map[string][][]byte{}}
	for kind, s := range shapes {
		p.kinds[kind] = s.profiles(rand.New(rand.NewSource(seed)), rounds)
	}
	return p
}

func (s shape) profiles(random *rand.Rand, rounds int) [][]byte {
	p := &profile.Profile{SampleType: s.types, PeriodType: s.types[0], Period: 1}
	p.Mapping = []*profile.Mapping{{ID: 1, Start: 0x400000, Limit: 0x4000000, File: "/usr/bin/program", HasFunctions: true}}
	functions := 40 + s.stacks*3/5
	for i := 1; i <= functions; i++ {
		name := fmt.Sprintf("github.com/example/program/part%d.(*Type%d).Method%d", i%17, i%7, i)
		p.Function = append(p.Function, &profile.Function{ID: uint64(i), Name: name, SystemName: name,
			Filename: fmt.Sprintf("/src/program/part%d/file%d.go", i%17, i%29)})
	}
	for i := 1; i <= functions*7/4; i++ {
		f := p.Function[random.Intn(functions)]
		p.Location = append(p.Location, &profile.Location{ID: uint64(i), Mapping: p.Mapping[0],
			Address: 0x400000 + uint64(random.Intn(0x3000000)), Line: []profile.Line{{Function: f, Line: int64(random.Intn(900))}}})
	}
	for i := 0; i < s.stacks; i++ {
		sample := &profile.Sample{Value: make([]int64, len(s.types))}
		for depth := s.depth/2 + random.Intn(s.depth+1); depth > 0; depth-- {
			sample.Location = append(sample.Location, p.Location[random.Intn(len(p.Location))])
		}
		if s.sizes {
			sample.NumLabel = map[string][]int64{"bytes": {16 << random.Intn(12)}}
		}
		p.Sample = append(p.Sample, sample)
	}
	var out [][]byte
	p.TimeNanos = 1_700_000_000_000_000_000
	for round := 0; round < rounds; round++ {
		p.TimeNanos += 15_000_000_000
		for _, sample := range p.Sample {
			more := int64(1 + random.Intn(3000))
			sample.Value[0] += more
			for i := 1; i < len(sample.Value); i++ {
				sample.Value[i] += more * int64(16<<(i*2))
			}
		}
		var body bytes.Buffer
		if err := p.Write(&body); err != nil {
			panic(err)
		}
		out = append(out, body.Bytes())
	}
	return out
}

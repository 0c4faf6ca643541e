// The delta as a Go program computes it with google/pprof, for the comparison in docs/benchmarks/delta.md: parse the new
// profile, scale the cumulative columns of the one before by -1, merge, write. The one before is parsed already, as an agent
// would keep it.
package delta

import (
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/google/pprof/profile"
)

func read(b *testing.B, name string) []byte {
	data, err := os.ReadFile("../../testdata/profiles/" + name + ".pb.gz")
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func parse(b *testing.B, data []byte) *profile.Profile {
	p, err := profile.ParseData(data)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// CPU time of the process, collector included: on a busy machine the wall clock tells little.
func cpu(b *testing.B) float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

func BenchmarkDelta(b *testing.B) {
	for _, kind := range []string{
		"prom-heap", "prom-allocs", "go100k-heap", "go100k-allocs", "go1m-heap", "go100k-mutex", "go1m-mutex", "go100k-block",
	} {
		b.Run(kind, func(b *testing.B) {
			before, after := parse(b, read(b, kind+"-2")), read(b, kind+"-3")
			ratios := make([]float64, len(before.SampleType))
			for i, t := range before.SampleType {
				switch t.Type {
				case "alloc_objects", "alloc_space", "contentions", "delay":
					ratios[i] = -1
				}
			}
			start := cpu(b)
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				now := parse(b, after)
				old := before.Copy()
				if err := old.ScaleN(ratios); err != nil {
					b.Fatal(err)
				}
				merged, err := profile.Merge([]*profile.Profile{old, now})
				if err != nil {
					b.Fatal(err)
				}
				if err := merged.Write(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpu(b)-start)/float64(b.N), "cpu-ns/op")
		})
	}
}

// Package said puts what a profile says into words, so that two programs' profiles can be compared as text.
package said

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/google/pprof/profile"
)

// Must ends the program where there is an error.
func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Load reads a profile that has to be there.
func Load(path string) *profile.Profile {
	data, err := os.ReadFile(path)
	Must(err)
	p, err := profile.ParseData(data)
	if err != nil {
		Must(fmt.Errorf("%s: %w", path, err))
	}
	return p
}

// Labels of a sample, in no order.
func Labels(s *profile.Sample) string {
	var all []string
	for key, values := range s.Label {
		for _, value := range values {
			all = append(all, fmt.Sprintf("%q=%q", key, value))
		}
	}
	for key, values := range s.NumLabel {
		for i, value := range values {
			unit := ""
			if units := s.NumUnit[key]; i < len(units) {
				unit = units[i]
			}
			all = append(all, fmt.Sprintf("%q=%d %q", key, value, unit))
		}
	}
	sort.Strings(all)
	return strings.Join(all, ",")
}

func Mapping(m *profile.Mapping) string {
	if m == nil {
		return "no mapping"
	}
	return fmt.Sprintf("%#x-%#x+%#x %s %s %v%v%v%v", m.Start, m.Limit, m.Offset, m.File, m.BuildID,
		m.HasFunctions, m.HasFilenames, m.HasLineNumbers, m.HasInlineFrames)
}

// Frames is the whole stack, with everything known of each frame.
func Frames(s *profile.Sample) string {
	var all []string
	for _, l := range s.Location {
		text := fmt.Sprintf("%#x folded=%v in %s", l.Address, l.IsFolded, Mapping(l.Mapping))
		for _, line := range l.Line {
			f := line.Function
			text += fmt.Sprintf(" | %s %s %s:%d from %d", f.Name, f.SystemName, f.Filename, line.Line, f.StartLine)
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

// Header is everything of the profile itself but how long it lasted.
func Header(p *profile.Profile) string {
	text := fmt.Sprintf("%d period %d %q %q %q %q", p.TimeNanos, p.Period, p.DefaultSampleType, p.DropFrames, p.KeepFrames, p.Comments)
	for _, t := range append(append([]*profile.ValueType(nil), p.SampleType...), p.PeriodType) {
		if t != nil {
			text += " " + t.Type + "/" + t.Unit
		}
	}
	return text
}

package main

import (
	"fmt"
	"time"
)

const (
	// A profile is on disk 200 ms after it has waited a second, or after its first attempt has failed. The rest is for a machine
	// on which other programs run.
	killTakes = 1200*time.Millisecond + 800*time.Millisecond
	// Between the target's answer and the place in the queue.
	onTheWay = 500 * time.Millisecond
)

// mayBeGone: was it so young when the process ended that it was on nobody's disk yet?
func (r *run) mayBeGone(served time.Time) bool {
	takes := killTakes
	if r.sync == "always" {
		takes = onTheWay
	}
	for _, at := range r.kills {
		if !served.After(at.Add(onTheWay)) && at.Sub(served) < takes {
			return true
		}
	}
	// An orderly stop only interrupts what has not been taken yet.
	for _, at := range r.ends {
		if at.Sub(served) < onTheWay && served.Sub(at) < 2500*time.Millisecond {
			return true
		}
	}
	return false
}

func endedBetween(ends []time.Time, from, to time.Time) bool {
	for _, at := range ends {
		if !at.Before(from.Add(-3*time.Second)) && !at.After(to) {
			return true
		}
	}
	return false
}

// judge compares what was given out with what arrived and what was counted.
func (r *run) judge() {
	for _, e := range r.endpoints {
		destination := "http://" + e.address
		delivered, taken, refused, repeated, missing := 0, 0, 0, 0, 0
		for id, served := range r.ids.served {
			got := e.got[uint64(id)]
			switch {
			case len(got) > 0:
				delivered++
			case e.refused[uint64(id)] > 0:
				refused++
			case r.mayBeGone(served):
				taken++
			default:
				missing++
			}
			for i := 1; i < len(got); i++ {
				repeated++
				if got[i].hash != got[0].hash {
					fail("%s: profile %d came with other bytes the second time", e.name, id)
				}
				if got[i-1].replied && !endedBetween(r.ends, got[i-1].at, got[i].at) {
					fail("%s: profile %d came twice without a reason: %v, %v", e.name, id,
						got[i-1].at.Sub(r.began), got[i].at.Sub(r.began))
				}
			}
		}
		counted := int(r.dropped[destination] + r.expired[destination])
		if missing > counted {
			fail("%s: %d profiles are missing, %d of them uncounted", e.name, missing, missing-counted)
			for id, served := range r.ids.served {
				if len(e.got[uint64(id)]) == 0 && e.refused[uint64(id)] == 0 && !r.mayBeGone(served) {
					fail("%s: profile %d, given out at %.2f s", e.name, id, served.Sub(r.began).Seconds())
				}
			}
		}
		if e.unknown > 0 {
			fail("%s: %d bodies without an id", e.name, e.unknown)
		}
		fmt.Printf("%-5s  %d given out: %d delivered (%d repeated), %d refused by the server, %d counted as dropped, "+
			"%d of the last second lost to %d kills, or not yet taken at a stop\n",
			e.name, len(r.ids.served), delivered, repeated, refused, missing, taken, len(r.kills))
	}
	fmt.Printf("dropped by reason: %v\n", r.reasons)
}

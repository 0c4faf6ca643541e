package main

import (
	"fmt"
	"time"
)

// The rules of durability. The rest of each time is for a machine on which other programs run.
const (
	slack     = 800 * time.Millisecond
	lessSlack = 400 * time.Millisecond
	// sync = "spill": on disk when it has waited a second, or its first attempt has failed, and 200 ms are over.
	waitTakes = 1200*time.Millisecond + slack
	failTakes = 200*time.Millisecond + lessSlack
	// Between the target's answer and the place in the queue.
	onTheWay = 500 * time.Millisecond
	// A disk that is mended is asked again after a second, and then has to take what waited.
	mendTakes = 1200*time.Millisecond + slack
	// Between the server's answer and the note on disk that a profile is delivered.
	noteTakes = 200*time.Millisecond + slack
	// An answer that was under way when an orderly end came.
	answerTakes = lessSlack
)

// trouble is a time in which the disk took nothing.
type trouble struct{ from, to time.Time }

// mayBeGone: may a kill, or an interruption between a target and the queue, have taken it before it was on disk?
func (r *run) mayBeGone(e *endpoint, id int, i issue) bool {
	taken, waits := i.at, waitTakes
	if r.sync == "always" {
		waits = onTheWay
	}
	if i.from != scraped {
		if i.acked.IsZero() {
			return true // nobody promised anything
		}
		if r.sync == "always" {
			return false
		}
		taken = i.acked
	}
	for _, life := range r.lives {
		end := life.ended
		if !life.killed {
			// An orderly end only interrupts what has not been taken yet.
			if i.from == scraped && taken.After(life.ending.Add(-onTheWay)) && taken.Before(end.Add(onTheWay)) {
				return true
			}
			continue
		}
		if taken.After(end.Add(onTheWay)) {
			continue
		}
		for _, t := range r.troubles {
			if t.from.Before(end) && end.Before(t.to.Add(mendTakes)) && taken.After(t.from.Add(-waits)) {
				return true // it was in memory only
			}
		}
		if end.Sub(taken) >= waits {
			continue
		}
		if failed, ok := e.failed[id]; ok && r.sync == "spill" && end.Sub(failed) > failTakes && failed.After(life.began) {
			continue
		}
		return true
	}
	return false
}

// youngAt counts what a kill at that time may have taken from this endpoint.
func (r *run) youngAt(e *endpoint, end time.Time) (count float64) {
	for id, i := range r.ids.all {
		if end.Sub(i.at) < time.Minute && !i.at.After(end) && len(e.got[id]) == 0 && r.mayBeGone(e, id, i) {
			count++
		}
	}
	return count
}

// acknowledgedIn counts the pushes that were answered with 200 in an interval.
func (r *run) acknowledgedIn(from, to time.Time) (count float64) {
	for _, i := range r.ids.all {
		if !i.acked.IsZero() && !i.acked.Before(from) && !i.acked.After(to) {
			count++
		}
	}
	return count
}

// silent are the instants at which something was taken without an answer.
func (e *endpoint) silent() (out []time.Time) {
	for _, got := range e.got {
		for _, d := range got {
			if !d.replied {
				out = append(out, d.at)
			}
		}
	}
	return out
}

// unheard are the instants at which something was taken and answered that came again.
func (e *endpoint) unheard() (out []time.Time) {
	for _, got := range e.got {
		for n := 0; n+1 < len(got); n++ {
			if got[n].replied {
				out = append(out, got[n].at)
			}
		}
	}
	return out
}

// inTrouble: did the disk take nothing at some time of this interval?
func (r *run) inTrouble(from, to time.Time) bool {
	for _, t := range r.troubles {
		if t.from.Before(to) && from.Before(t.to.Add(mendTakes)) {
			return true
		}
	}
	return false
}

// mayBeCounted: was it taken when the disk took nothing, in a life that counted some as given up?
func (r *run) mayBeCounted(e *endpoint, i issue) bool {
	for _, life := range r.lives {
		if life.givenUp(e) == 0 || i.at.After(life.ended) {
			continue
		}
		for _, t := range r.troubles {
			if t.from.Before(life.ended) && life.began.Before(t.to) && i.at.After(t.from.Add(-waitTakes)) && i.at.Before(t.to.Add(mendTakes)) {
				return true
			}
		}
	}
	return false
}

// repeats: is there a reason why what was answered at `first` came again at `second`?
func (r *run) repeats(e *endpoint, first, second time.Time) bool {
	for _, life := range r.lives {
		if life.ended.Before(first) || life.ended.After(second) {
			continue
		}
		after := life.ended.Sub(first)
		if life.killed && after < noteTakes || after < answerTakes || r.inTrouble(first, first.Add(noteTakes)) {
			return true
		}
	}
	for _, at := range e.shuts { // the answer was cut off
		if d := at.Sub(first); d > -100*time.Millisecond && d < 300*time.Millisecond {
			return true
		}
	}
	return false
}

// judge compares what was given out with what arrived and what was counted.
func (r *run) judge(e *endpoint) {
	var given, promised, delivered, refused, repeated, young, unpromised, missing int
	for id, i := range r.ids.all {
		got := e.got[id]
		given++
		if !i.acked.IsZero() {
			promised++
		}
		switch {
		case len(got) > 0:
			delivered++
		case e.refused[id] > 0:
			refused++
		case i.from != scraped && i.acked.IsZero():
			unpromised++
		case r.mayBeGone(e, id, i):
			young++
		default:
			missing++
			if !r.mayBeCounted(e, i) {
				fail("%s: profile %d, given out at %.2f s, is lost", e.name, id, i.at.Sub(r.began).Seconds())
			}
			if i.from != scraped && r.sync == "always" {
				fail("%s: profile %d, acknowledged at %.2f s, is lost", e.name, id, i.acked.Sub(r.began).Seconds())
			}
		}
		for n := 1; n < len(got); n++ {
			repeated++
			if got[n].hash != got[0].hash {
				fail("%s: profile %d came with other bytes the second time", e.name, id)
			}
			if got[n-1].replied && !r.repeats(e, got[n-1].at, got[n].at) {
				fail("%s: profile %d came twice without a reason: %v, %v", e.name, id, got[n-1].at.Sub(r.began), got[n].at.Sub(r.began))
			}
		}
	}
	counted := 0.0
	for n, life := range r.lives {
		row := life.last[e.destination()]
		given := life.givenUp(e)
		counted += given
		if given > 0 && !r.inTrouble(life.began, life.ended) {
			fail("%s, life %d: %v profiles were given up on a disk that took everything: %v, %v at the stop", e.name, n+1, given,
				row.reasons, life.lost[e.destination()])
		}
		if row.reasons["dropped lost"] > 0 {
			fail("%s, life %d: Invar has lost sight of profiles", e.name, n+1)
		}
	}
	if more := counted - float64(missing+young+unpromised+repeated); more > 0 {
		fail("%s: %v more were counted as given up than are missing", e.name, more)
	}
	if float64(missing) > counted {
		fail("%s: %d profiles are missing, %v were counted as given up", e.name, missing, counted)
	}
	fmt.Printf("%-5s  %d given out, %d of them acknowledged to a client: %d delivered (%d twice), %d refused by the server, %d given up "+
		"and counted; %d that a kill may take, %d of clients that got no 200\n",
		e.name, given, promised, delivered, repeated, refused, missing, young, unpromised)
}

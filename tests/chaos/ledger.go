package main

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// row is the ledger of one destination: all components and profile types.
type row struct {
	taken, sent, queued, refused, expired, dropped, recovered float64
	reasons                                                   map[string]float64 // "refused disk", "dropped disk full"
}

func (r row) balances() bool { return r.taken == r.sent+r.queued+r.refused+r.expired+r.dropped }

// lifetime is one life of the component: from its start to the end of its process, or to the reload that removes it.
type lifetime struct {
	began, ended time.Time
	ending       time.Time // when an orderly end was asked for
	killed       bool
	read         time.Time // when the last reading was asked for
	last         map[string]row
	left         map[string]float64 // on disk at an orderly end, by destination
	lost         map[string]float64 // dropped at an orderly end
}

// givenUp counts what it dropped on one destination, in its time and at its end.
func (l *lifetime) givenUp(e *endpoint) float64 {
	row := l.last[e.destination()]
	return row.dropped + row.expired + l.lost[e.destination()]
}

var sample = regexp.MustCompile(`^pyroscope_ledger_(\w+?)(?:_total)?\{(.*)\} (\S+)$`)
var label = regexp.MustCompile(`(\w+)="([^"]*)"`)

// readLedger takes the ledger from /metrics. Every reading must balance, and name every series once.
func readLedger(address string) (map[string]row, bool) {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		return nil, false
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, false
	}
	byType := map[string]row{} // by destination and type
	seen := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		match := sample.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		if series := match[1] + match[2]; seen[series] {
			fail("/metrics shows a series twice: %s", line)
		} else {
			seen[series] = true
		}
		labels := map[string]string{}
		for _, l := range label.FindAllStringSubmatch(match[2], -1) {
			labels[l[1]] = l[2]
		}
		value, err := strconv.ParseFloat(match[3], 64)
		check(err)
		key := labels["destination"] + " " + labels["profile"]
		r, ok := byType[key]
		if !ok {
			r.reasons = map[string]float64{}
		}
		switch match[1] {
		case "taken":
			r.taken += value
		case "sent":
			r.sent += value
		case "queued":
			r.queued += value
		case "refused":
			r.refused += value
			r.reasons["refused "+labels["reason"]] += value
		case "expired":
			r.expired += value
		case "dropped":
			r.dropped += value
			r.reasons["dropped "+labels["reason"]] += value
		case "recovered":
			r.recovered += value
		}
		byType[key] = r
	}
	sums := map[string]row{}
	for key, r := range byType {
		if !r.balances() {
			fail("the ledger does not balance: %s %+v", key, r)
		}
		destination := strings.Fields(key)[0]
		sum, ok := sums[destination]
		if !ok {
			sum.reasons = map[string]float64{}
		}
		sum.taken += r.taken
		sum.sent += r.sent
		sum.queued += r.queued
		sum.refused += r.refused
		sum.expired += r.expired
		sum.dropped += r.dropped
		sum.recovered += r.recovered
		for reason, count := range r.reasons {
			sum.reasons[reason] += count
		}
		sums[destination] = sum
	}
	return sums, true
}

// The servers' notes and Invar's counts are taken a moment apart.
const readingTakes = time.Second

// audit compares the ledgers of all lives with each other and with what the endpoint and the clients saw.
func (r *run) audit(e *endpoint) {
	fresh, atMost, atLeast := 0.0, 0.0, 0.0
	for i, life := range r.lives {
		row := life.last[e.destination()]
		where := fmt.Sprintf("%s, life %d of %d (%.1f to %.1f s)", e.name, i+1, len(r.lives), life.began.Sub(r.began).Seconds(),
			life.ended.Sub(r.began).Seconds())

		// What it says it has sent is what arrived. An answer that was cut off may not have been heard: then the profile came again.
		unclear := between(e.unheard(), life.began, life.ended)
		most := between(e.accepts, life.began, life.ended)
		least := between(e.accepts, life.began, life.read.Add(-readingTakes)) - unclear
		if row.sent > most || row.sent < least {
			fail("%s: %v sent, but between %v and %v arrived", where, row.sent, least, most)
		}
		if said := row.reasons["refused invalid"]; said > between(e.refusals, life.began, life.ended) ||
			said < between(e.refusals, life.began, life.read.Add(-readingTakes))-unclear {
			fail("%s: %v refused by the server, which has refused %v", where, said, between(e.refusals, life.began, life.ended))
		}

		// What it found is what the life before left.
		if i > 0 {
			before := r.lives[i-1]
			was := before.last[e.destination()]
			least, most := 0.0, 0.0
			if before.killed {
				late := before.read.Add(-readingTakes)
				most = was.queued + r.ids.issuedIn(late, before.ended.Add(readingTakes))
				read := before.ended.Add(200 * time.Millisecond) // also what the server found in its socket after the kill
				least = was.queued - between(e.accepts, late, read) - between(e.refusals, late, read) -
					between(e.silent(), late, read) - r.youngAt(e, before.ended)
			} else {
				least = before.left[e.destination()]
				most = least
				// What was delivered on a full disk could not be noted there.
				for _, t := range r.troubles {
					if t.from.Before(before.ended) && before.ended.Before(t.to) {
						most += between(e.accepts, t.from.Add(-noteTakes), before.ended) + between(e.refusals, t.from.Add(-noteTakes), before.ended)
					}
				}
			}
			if row.recovered < least || row.recovered > most {
				fail("%s: %v recovered, but the life before (killed: %v) had left between %v and %v", where, row.recovered, before.killed,
					least, most)
			}
		}
		fresh += row.taken - row.recovered
		atMost += r.ids.issuedIn(life.began, life.ended.Add(readingTakes))
		atLeast += r.acknowledgedIn(life.began, life.read.Add(-readingTakes))
	}
	if fresh > atMost || fresh < atLeast {
		fail("%s: %v taken for the first time, but between %v and %v were given out", e.name, fresh, atLeast, atMost)
	}
}

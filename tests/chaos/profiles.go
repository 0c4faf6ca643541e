package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math/rand"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// ---- profiles with an id

func varint(out []byte, n uint64) []byte {
	for n >= 128 {
		out = append(out, byte(n)|128)
		n >>= 7
	}
	return append(out, byte(n))
}

func number(out []byte, field int, n uint64) []byte {
	return varint(varint(out, uint64(field)<<3), n)
}

func message(out []byte, field int, m []byte) []byte {
	return append(varint(varint(out, uint64(field)<<3|2), uint64(len(m))), m...)
}

const marker = "chaos-id="

// profile is a pprof body with the id among its strings, and some bytes that take space on a disk.
func profile(id int, random *rand.Rand) []byte {
	padding := make([]byte, 500+random.Intn(1500))
	for i := range padding {
		padding[i] = byte('a' + random.Intn(26))
	}
	strings := []string{"", "goroutine", "count", "main.work", fmt.Sprintf("%s%010d;", marker, id), string(padding)}
	var out []byte
	out = message(out, 1, number(number(nil, 1, 1), 2, 2))
	out = message(out, 2, number(number(nil, 1, 1), 2, uint64(id)+1))
	out = message(out, 4, message(number(nil, 1, 1), 4, number(nil, 1, 1)))
	out = message(out, 5, number(number(nil, 1, 1), 2, 3))
	for _, s := range strings {
		out = message(out, 6, []byte(s))
	}
	return number(out, 9, uint64(time.Now().UnixNano()))
}

func idOf(body []byte) (int, bool) {
	at := bytes.Index(body, []byte(marker))
	if at < 0 || len(body) < at+len(marker)+10 {
		return 0, false
	}
	id, err := strconv.Atoi(string(body[at+len(marker) : at+len(marker)+10]))
	return id, err == nil
}

func hashOf(parts ...[]byte) uint64 {
	hash := fnv.New64a()
	for _, part := range parts {
		_, _ = hash.Write(part)
	}
	return hash.Sum64()
}

// ---- what was given out

type source int

const (
	scraped source = iota
	pushed
	ingested
)

// issue is one id: who gave it out and what became of the client's call.
type issue struct {
	at    time.Time
	from  source
	hash  uint64    // of the profile as given out
	acked time.Time // a client's only: 200 was read
}

// journal knows every id; they count from 0.
type journal struct {
	mu     sync.Mutex
	random *rand.Rand
	all    []issue
	closed bool // targets have nothing to give now
}

func (j *journal) issue(from source) (int, []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	id := len(j.all)
	body := profile(id, j.random)
	j.all = append(j.all, issue{at: time.Now(), from: from, hash: hashOf(body)})
	return id, body
}

func (j *journal) acked(id int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all[id].acked = time.Now()
}

func (j *journal) get(id int) (issue, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if id < 0 || id >= len(j.all) {
		return issue{}, false
	}
	return j.all[id], true
}

func (j *journal) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.all)
}

// issuedIn counts the ids of an interval.
func (j *journal) issuedIn(from, to time.Time) (count float64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.all) - 1; i >= 0 && !j.all[i].at.Before(from); i-- {
		if !j.all[i].at.After(to) {
			count++
		}
	}
	return count
}

// acknowledgedSince counts the pushes that began then or later and were answered with 200.
func (j *journal) acknowledgedSince(then time.Time) (count int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.all) - 1; i >= 0 && !j.all[i].at.Before(then); i-- {
		if !j.all[i].acked.IsZero() {
			count++
		}
	}
	return count
}

func (j *journal) set(closed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = closed
}

func (j *journal) isClosed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed
}

// targets listens on one port; 200 targets are 200 paths.
func targets(j *journal) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if j.isClosed() {
				http.Error(w, "nothing now", http.StatusServiceUnavailable)
				return
			}
			_, body := j.issue(scraped)
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(body)
		}))
	}()
	return listener.Addr().String()
}

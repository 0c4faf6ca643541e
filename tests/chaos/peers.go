package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
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
func profile(id uint64, random *rand.Rand) []byte {
	padding := make([]byte, 500+random.Intn(1500))
	for i := range padding {
		padding[i] = byte('a' + random.Intn(26))
	}
	strings := []string{"", "goroutine", "count", "main.work", fmt.Sprintf("%s%010d;", marker, id), string(padding)}
	var out []byte
	out = message(out, 1, number(number(nil, 1, 1), 2, 2))
	out = message(out, 2, number(number(nil, 1, 1), 2, id+1))
	out = message(out, 4, message(number(nil, 1, 1), 4, number(nil, 1, 1)))
	out = message(out, 5, number(number(nil, 1, 1), 2, 3))
	for _, s := range strings {
		out = message(out, 6, []byte(s))
	}
	return number(out, 9, uint64(time.Now().UnixNano()))
}

func idOf(body []byte) (uint64, bool) {
	at := bytes.Index(body, []byte(marker))
	if at < 0 || len(body) < at+len(marker)+10 {
		return 0, false
	}
	id, err := strconv.ParseUint(string(body[at+len(marker):at+len(marker)+10]), 10, 64)
	return id, err == nil
}

// ---- targets

// journal remembers when each id was handed out; ids count from 0.
type journal struct {
	mu     sync.Mutex
	random *rand.Rand
	served []time.Time
	closed bool
}

func (j *journal) issue() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil
	}
	j.served = append(j.served, time.Now())
	return profile(uint64(len(j.served)-1), j.random)
}

func (j *journal) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.served)
}

func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
}

// targets listens on one port; 200 targets are 200 paths.
func targets(j *journal) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body := j.issue()
			if body == nil {
				http.Error(w, "no more", http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(body)
		}))
	}()
	return listener.Addr().String()
}

// ---- endpoints

type mode string

const (
	modeOK      mode = "ok"
	modeRefuse  mode = "refuse"
	modeHang    mode = "hang"
	mode500     mode = "500"
	mode429     mode = "429"
	modeCut     mode = "cut"      // the connection is cut in the middle of the request's body
	modeNoReply mode = "no reply" // accepted, but the answer never comes
	modeHTML    mode = "html"
)

var troubles = []mode{modeRefuse, modeHang, mode500, mode429, modeCut, modeNoReply, modeHTML}

type delivery struct {
	at      time.Time
	hash    uint64
	replied bool
}

type endpoint struct {
	name, address string
	mu            sync.Mutex
	mode          mode
	changed       chan struct{} // closed when the mode changes
	server        *http.Server
	got           map[uint64][]delivery
	refused       map[uint64]int
	unknown       int
}

// Every 997th profile is one that this endpoint never takes.
func (e *endpoint) refuses(id uint64) bool { return id%997 == 996 }

func newEndpoint(name string) *endpoint {
	e := &endpoint{name: name, mode: modeOK, changed: make(chan struct{}), got: map[uint64][]delivery{}, refused: map[uint64]int{}}
	e.listen("127.0.0.1:0")
	return e
}

func (e *endpoint) listen(address string) {
	listener, err := net.Listen("tcp", address)
	check(err)
	e.address = listener.Addr().String()
	e.server = &http.Server{Handler: e}
	go func(s *http.Server) { _ = s.Serve(listener) }(e.server)
}

func (e *endpoint) set(m mode) {
	e.mu.Lock()
	before := e.mode
	e.mode = m
	close(e.changed)
	e.changed = make(chan struct{})
	server := e.server
	e.mu.Unlock()
	if m == modeRefuse && before != modeRefuse {
		_ = server.Close()
	} else if m != modeRefuse && before == modeRefuse {
		e.listen(e.address)
	}
}

func (e *endpoint) now() (mode, chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.mode, e.changed
}

func cut(w http.ResponseWriter) {
	if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = connection.Close()
	}
}

// take notes a body that was read to its end. True when it is one to refuse.
func (e *endpoint) take(body []byte, replied bool) bool {
	hash := fnv.New64a()
	_, _ = hash.Write(body)
	e.mu.Lock()
	defer e.mu.Unlock()
	id, ok := idOf(body)
	if !ok {
		e.unknown++
		return true
	}
	if replied && e.refuses(id) {
		e.refused[id]++
		return true
	}
	e.got[id] = append(e.got[id], delivery{time.Now(), hash.Sum64(), replied})
	return false
}

func wait(ctx context.Context, changed chan struct{}) {
	select {
	case <-ctx.Done():
	case <-changed:
	}
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m, changed := e.now()
	switch m {
	case modeHang:
		wait(r.Context(), changed)
		cut(w)
		return
	case modeCut:
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		cut(w)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch m {
	case mode500:
		http.Error(w, "trouble", http.StatusInternalServerError)
	case mode429:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too fast", http.StatusTooManyRequests)
	case modeHTML:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>log in</html>")
	case modeNoReply:
		e.take(body, false)
		cut(w)
	default:
		if e.take(body, true) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"code":"invalid_argument","message":"not this one"}`)
			return
		}
		w.Header().Set("Content-Type", "application/proto")
	}
}

// weather gives the endpoint one mode after the other until `stop` is closed.
func (e *endpoint) weather(random *rand.Rand, stop chan struct{}, done *sync.WaitGroup) {
	defer done.Done()
	for {
		m, lasts := modeOK, time.Duration(1000+random.Intn(4000))*time.Millisecond
		if random.Intn(2) == 0 {
			m, lasts = troubles[random.Intn(len(troubles))], time.Duration(300+random.Intn(3000))*time.Millisecond
		}
		e.set(m)
		select {
		case <-stop:
			e.set(modeOK)
			return
		case <-time.After(lasts):
		}
	}
}

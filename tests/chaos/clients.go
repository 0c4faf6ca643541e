package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/push/v1/pushv1connect"
	typesv1 "github.com/grafana/pyroscope/api/gen/proto/go/types/v1"
)

// pace is how the clients push: the Connect client of the public pyroscope api module, and /ingest posts. An id is pushed once:
// a client that gets no 200 gives it up, so that what comes twice comes from Invar.
type pace struct {
	mu      sync.Mutex
	idle    bool
	hurried bool
	// Answers by what they said: "ok", "cut" (no answer), "refused: disk" (503), "refused: stopped" (503).
	answers map[string]int
	strange []string // other answers
	calls   sync.WaitGroup
}

func (p *pace) set(idle, hurried bool) {
	p.mu.Lock()
	p.idle, p.hurried = idle, hurried
	p.mu.Unlock()
	if idle {
		p.calls.Wait()
	}
}

// begin is false while the clients are to keep still.
func (p *pace) begin() (goes, hurried bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.idle {
		p.calls.Add(1)
	}
	return !p.idle, p.hurried
}

func (p *pace) answered(what string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers[what]
}

func (p *pace) note(status int, words string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case status == 200:
		p.answers["ok"]++
	case status == 0:
		p.answers["cut"]++
	case status == 503 && strings.Contains(words, "component stopped"):
		p.answers["refused: stopped"]++
	case status == 503 && strings.Contains(words, "stopped: "):
		p.answers["refused: stopped"]++
	case status == 503 && strings.Contains(words, "disk: "):
		p.answers["refused: disk"]++
	default:
		p.answers["strange"]++
		if len(p.strange) < 5 {
			p.strange = append(p.strange, fmt.Sprintf("%d %s", status, words))
		}
	}
}

// status is the HTTP status of a Connect answer; 0 when there was none.
func status(err error) int {
	switch {
	case err == nil:
		return 200
	case !connect.IsWireError(err):
		return 0
	case connect.CodeOf(err) == connect.CodeUnavailable:
		return 503
	}
	return 500
}

const callTimeout = 10 * time.Second

func (r *run) client(n int, address string, random *rand.Rand) {
	transport := &http.Client{Transport: &http.Transport{
		DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, MaxIdleConnsPerHost: 4}}
	kinds := [][]connect.ClientOption{{}, {connect.WithProtoJSON()}, {connect.WithSendGzip()}}
	client := pushv1connect.NewPusherServiceClient(transport, "http://"+address, kinds[n%len(kinds)]...)
	for {
		goes, hurried := r.pace.begin()
		if !goes {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		var code int
		var words string
		var id int
		var body []byte
		if n%4 == 3 {
			id, body = r.ids.issue(ingested)
			code, words = post(ctx, transport, address, id, body)
		} else {
			id, body = r.ids.issue(pushed)
			_, err := client.Push(ctx, connect.NewRequest(&pushv1.PushRequest{Series: []*pushv1.RawProfileSeries{{
				Labels: []*typesv1.LabelPair{{Name: "__name__", Value: "goroutine"}, {Name: "service_name", Value: "sdk"},
					{Name: "n", Value: fmt.Sprint(n)}},
				Samples: []*pushv1.RawSample{{RawProfile: body, ID: fmt.Sprintf("id-%d", id)}}}}}))
			code = status(err)
			if err != nil {
				words = err.Error()
			}
		}
		if code == 200 {
			r.ids.acked(id)
		}
		if ctx.Err() != nil {
			fail("a client waited for %v without an answer", callTimeout)
		}
		cancel()
		r.pace.note(code, words)
		r.pace.calls.Done()
		if code == 0 {
			time.Sleep(50 * time.Millisecond) // Invar is down
		} else if !hurried {
			time.Sleep(time.Duration(5+random.Intn(20)) * time.Millisecond)
		}
	}
}

func post(ctx context.Context, client *http.Client, address string, id int, body []byte) (int, string) {
	query := url.Values{"name": {fmt.Sprintf("ingest{id=%d}", id)}, "format": {"pprof"}, "from": {"1700000000"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/ingest?"+query.Encode(), bytes.NewReader(body))
	check(err)
	request.Header.Set("Content-Type", "application/x-chaos")
	answer, err := client.Do(request)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	words, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, ""
	}
	return answer.StatusCode, string(words)
}

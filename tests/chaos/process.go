package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// row is one line of a ledger: component, destination and profile type are summed up to the destination.
type row struct{ taken, sent, queued, refused, expired, dropped, recovered float64 }

func (r row) balances() bool { return r.taken == r.sent+r.queued+r.refused+r.expired+r.dropped }

type ledger map[string]row // by destination

// invar is one running process and what is known of it.
type invar struct {
	command *exec.Cmd
	address string
	last    ledger             // of the last reading
	reasons map[string]float64 // dropped, by reason, of the last reading
}

type setup struct {
	binary, folder, storage string
	target                  string
	endpoints               []*endpoint
	count                   int
	sync                    string

	generation int
}

func (s *setup) config() string {
	var b strings.Builder
	b.WriteString("discovery.relabel \"all\" {\n  targets = [\n")
	for i := 0; i < s.count; i++ {
		fmt.Fprintf(&b, "    {\"__address__\" = %q, \"service_name\" = \"svc-%d\", \"__param_n\" = \"%d\"},\n", s.target, i, i)
	}
	b.WriteString("  ]\n}\n")
	b.WriteString(`pyroscope.scrape "all" {
  targets = discovery.relabel.all.output
  forward_to = [pyroscope.write.out.receiver]
  scrape_interval = "1s"
  profiling_config {
    profile.memory { enabled = false }
    profile.block { enabled = false }
    profile.mutex { enabled = false }
    profile.process_cpu { enabled = false }
  }
}
`)
	b.WriteString("pyroscope.write \"out\" {\n")
	for _, e := range s.endpoints {
		fmt.Fprintf(&b, "  endpoint {\n    url = \"http://%s\"\n    headers = {\"X-Generation\" = \"%d\"}\n    remote_timeout = \"%dms\"\n"+
			"    min_backoff_period = \"100ms\"\n    max_backoff_period = \"2s\"\n", e.address, s.generation, 2000+s.generation%3*500)
		if s.generation%2 == 1 {
			fmt.Fprintf(&b, "    bearer_token = \"token-%d\"\n", s.generation)
		}
		b.WriteString("  }\n")
	}
	fmt.Fprintf(&b, "  queue {\n    on_retries_exhausted = \"keep\"\n    sync = %q\n    max_memory_bytes = 8388608\n    max_disk_bytes = 16777216\n  }\n}\n", s.sync)
	return b.String()
}

func (s *setup) configPath() string { return filepath.Join(s.folder, "config.alloy") }

func (s *setup) writeConfig() {
	s.generation++
	check(os.WriteFile(s.configPath(), []byte(s.config()), 0o644))
}

var statusLine = regexp.MustCompile(`^\s*status\s+http://([^/\s]+)/`)

func (s *setup) start() *invar {
	s.writeConfig()
	log, err := os.OpenFile(filepath.Join(s.folder, "invar.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	check(err)
	defer log.Close()
	p := &invar{last: ledger{}, reasons: map[string]float64{}}
	p.command = exec.Command(s.binary, "run", "--server.http.listen-addr=127.0.0.1:0", "--storage.path="+s.storage, s.configPath())
	p.command.Stderr = log
	out, err := p.command.StdoutPipe()
	check(err)
	check(p.command.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if match := statusLine.FindStringSubmatch(lines.Text()); match != nil {
			p.address = match[1]
			break
		}
	}
	if p.address == "" {
		fatal("invar did not start; see %s/invar.log", s.folder)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return p
}

var sample = regexp.MustCompile(`^pyroscope_ledger_(\w+?)(?:_total)?\{(.*)\} (\S+)$`)
var label = regexp.MustCompile(`(\w+)="([^"]*)"`)

// read takes the ledger from /metrics; every reading must balance.
func (p *invar) read() bool {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get("http://" + p.address + "/metrics")
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return false
	}
	rows := map[string]row{} // by destination and type
	reasons := map[string]float64{}
	for _, line := range strings.Split(string(text), "\n") {
		match := sample.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		labels := map[string]string{}
		for _, l := range label.FindAllStringSubmatch(match[2], -1) {
			labels[l[1]] = l[2]
		}
		value, err := strconv.ParseFloat(match[3], 64)
		check(err)
		key := labels["destination"] + " " + labels["profile"]
		r := rows[key]
		switch match[1] {
		case "taken":
			r.taken += value
		case "sent":
			r.sent += value
		case "queued":
			r.queued += value
		case "refused":
			r.refused += value
		case "expired":
			r.expired += value
		case "dropped":
			r.dropped += value
			reasons[labels["reason"]] += value
		case "recovered":
			r.recovered += value
		}
		rows[key] = r
	}
	sums := ledger{}
	for key, r := range rows {
		if !r.balances() {
			fail("the ledger does not balance: %s %+v", key, r)
		}
		destination := strings.Fields(key)[0]
		sum := sums[destination]
		sum.taken += r.taken
		sum.sent += r.sent
		sum.queued += r.queued
		sum.refused += r.refused
		sum.expired += r.expired
		sum.dropped += r.dropped
		sum.recovered += r.recovered
		sums[destination] = sum
	}
	p.last, p.reasons = sums, reasons
	return true
}

func (p *invar) reload() { check(p.command.Process.Signal(syscall.SIGHUP)) }

func (p *invar) kill() {
	check(p.command.Process.Kill())
	_ = p.command.Wait()
}

// terminate is the orderly stop; it returns how long that took.
func (p *invar) terminate() time.Duration {
	began := time.Now()
	check(p.command.Process.Signal(syscall.SIGTERM))
	_ = p.command.Wait()
	return time.Since(began)
}

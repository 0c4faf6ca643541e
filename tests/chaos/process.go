package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// setup is how Invar is run.
type setup struct {
	binary, folder, storage string
	target, relay           string // addresses
	endpoints               []*endpoint
	count                   int
	sync                    string

	configuration int
}

// config is the whole pipeline; without it Invar runs with nothing to do.
func (s *setup) config(pipeline bool) string {
	if !pipeline {
		return "logging {\n  level = \"info\"\n}\n"
	}
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
	host, port, err := net.SplitHostPort(s.relay)
	check(err)
	fmt.Fprintf(&b, "pyroscope.receive_http \"sdk\" {\n  http {\n    listen_address = %q\n    listen_port = %s\n  }\n"+
		"  forward_to = [pyroscope.write.out.receiver]\n}\n", host, port)
	b.WriteString("pyroscope.write \"out\" {\n")
	for _, e := range s.endpoints {
		fmt.Fprintf(&b, "  endpoint {\n    url = %q\n    headers = {\"X-Configuration\" = \"%d\"}\n    remote_timeout = \"%dms\"\n"+
			"    min_backoff_period = \"100ms\"\n    max_backoff_period = \"2s\"\n", e.destination(), s.configuration,
			2000+s.configuration%3*500)
		if s.configuration%2 == 1 {
			fmt.Fprintf(&b, "    bearer_token = \"token-%d\"\n", s.configuration)
		}
		b.WriteString("  }\n")
	}
	fmt.Fprintf(&b, "  queue {\n    on_retries_exhausted = \"keep\"\n    sync = %q\n    max_memory_bytes = 8388608\n    max_disk_bytes = 16777216\n  }\n}\n", s.sync)
	return b.String()
}

func (s *setup) configPath() string { return filepath.Join(s.folder, "config.alloy") }
func (s *setup) logPath() string    { return filepath.Join(s.folder, "invar.log") }

func (s *setup) writeConfig(pipeline bool) {
	s.configuration++
	check(os.WriteFile(s.configPath(), []byte(s.config(pipeline)), 0o644))
}

var portsTaken = 0

// ownAddress is a port that the kernel gives nobody else while no program listens there, and that a run beside
// this one does not choose: two runs may have the same seed, never the same process id.
func ownAddress() string {
	for {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+(16*os.Getpid()+portsTaken)%10000)
		portsTaken++
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
}

// process is one running Invar.
type process struct {
	command *exec.Cmd
	address string
}

var statusLine = regexp.MustCompile(`^\s*status\s+http://([^/\s]+)/`)

func (s *setup) start() *process {
	s.writeConfig(true)
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	check(err)
	defer log.Close()
	p := &process{}
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
		fatal("invar did not start; see %s", s.logPath())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return p
}

func (p *process) reload() { check(p.command.Process.Signal(syscall.SIGHUP)) }

func (p *process) kill() {
	check(p.command.Process.Kill())
	_ = p.command.Wait()
}

// terminate is the orderly stop; it returns how long that took.
func (p *process) terminate() time.Duration {
	began := time.Now()
	check(p.command.Process.Signal(syscall.SIGTERM))
	_ = p.command.Wait()
	return time.Since(began)
}

// ---- what the log says about the ends of endpoints

var endLine = regexp.MustCompile(`msg="profiles (stay on disk until the component runs again|were dropped at the end)".* endpoint=(\S+) profiles=(\d+)`)

func (s *setup) logSize() int64 {
	info, err := os.Stat(s.logPath())
	check(err)
	return info.Size()
}

// ended reads how many profiles each endpoint left on disk, and dropped, since the log had that size.
func (s *setup) ended(since int64) (left, dropped map[string]float64) {
	text, err := os.ReadFile(s.logPath())
	check(err)
	left, dropped = map[string]float64{}, map[string]float64{}
	for _, match := range endLine.FindAllStringSubmatch(string(text[since:]), -1) {
		var count float64
		_, err := fmt.Sscan(match[3], &count)
		check(err)
		if match[1][0] == 's' {
			left[match[2]] += count
		} else {
			dropped[match[2]] += count
		}
	}
	return left, dropped
}

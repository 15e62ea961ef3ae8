// Runs Porcupine on histories, as the other side of check/bench/verify.ts.
//
//	porcupine FILE...    checks Jepsen's etcd logs and Porcupine's own kv logs, one after the other, and prints the verdicts
//	porcupine            reads requests from the standard input and answers each, one JSON document a line (see request)
//
// A check that uses up its time or memory ends the process, after the answer.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/metrics"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
)

// request is one line of input. File is read once and kept for further requests.
type request struct {
	File  string `json:"file"`
	Model string `json:"model"` // of a JSONL file; .log and .txt are logs
	// Go on checking for so long, at least once: many checks of a small history tell more than one.
	BatchMs float64 `json:"batchMs"`
	// The budget of one check. The time is of the CPU, so that other work of the machine takes none of it.
	TimeoutMs float64 `json:"timeoutMs"`
	Bytes     uint64  `json:"bytes"`
	// Decide every key, as only CheckEventsVerbose and CheckOperationsVerbose do.
	All bool `json:"all"`
}

// answer has the means of a batch.
type answer struct {
	Verdict string  `json:"verdict"` // "ok", "illegal", or what ran out: "time", "memory"
	Checks  int     `json:"checks"`  // those that were completed
	CpuMs   float64 `json:"cpuMs"`   // of the process: user and system time, garbage collection included
	WallMs  float64 `json:"wallMs"`
	RssMb   float64 `json:"rssMb"` // the most so far
}

var verdicts = map[porcupine.CheckResult]string{porcupine.Ok: "ok", porcupine.Illegal: "illegal"}

func main() {
	if len(os.Args) > 1 {
		for _, file := range os.Args[1:] {
			h := load(file, "")
			fmt.Println(file, verdicts[h.check(false)])
		}
		return
	}
	answers := json.NewEncoder(os.Stdout)
	loaded := map[string]*history{}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var r request
		must(json.Unmarshal(lines.Bytes(), &r))
		if loaded[r.File] == nil {
			clear(loaded)
			loaded[r.File] = load(r.File, r.Model)
		}
		answers.Encode(r.run(loaded[r.File], answers))
	}
}

func (r request) run(h *history, answers *json.Encoder) (a answer) {
	cpuBefore, start := cpu(), time.Now()
	conclude := func(verdict string) answer {
		n := float64(max(a.Checks, 1))
		return answer{verdict, a.Checks, ms(cpu()-cpuBefore) / n, ms(time.Since(start)) / n, rss()}
	}
	done := make(chan bool)
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
				spent := ""
				if heap() > r.Bytes {
					spent = "memory"
				} else if ms(cpu()-cpuBefore) > r.BatchMs+r.TimeoutMs {
					spent = "time"
				}
				if spent != "" {
					answers.Encode(conclude(spent))
					os.Exit(0)
				}
			}
		}
	}()
	verdict := ""
	for a.Checks == 0 || ms(time.Since(start)) < r.BatchMs {
		verdict = verdicts[h.check(r.All)]
		a.Checks++
	}
	return conclude(verdict)
}

func (h *history) check(all bool) porcupine.CheckResult {
	var verdict porcupine.CheckResult
	switch {
	case h.events != nil && all:
		verdict, _ = porcupine.CheckEventsVerbose(h.model, h.events, 0)
	case h.events != nil:
		verdict = porcupine.CheckEventsTimeout(h.model, h.events, 0)
	case all:
		verdict, _ = porcupine.CheckOperationsVerbose(h.model, h.operations, 0)
	default:
		verdict = porcupine.CheckOperationsTimeout(h.model, h.operations, 0)
	}
	return verdict
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func usage() (u syscall.Rusage) {
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return u
}

func cpu() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rss in MB. Linux counts in KiB.
func rss() float64 { return float64(usage().Maxrss) * 1024 / 1e6 }

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

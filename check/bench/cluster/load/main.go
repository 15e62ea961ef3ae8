// Puts load on a cluster: so many clients, each of which writes, waits for the answer, and writes again.
//
//	load etcd|resp|sessions --servers HOST:PORT,... --clients N [--connections N] [--warm DURATION] [--time DURATION] [--writes N]
//
// Client n uses connection n modulo their number, and connection n goes to server n modulo theirs. Prints one JSON
// document (see result). All protocols share everything but how clients connect and `put`: keys, values, clock and statistics.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// client writes one pair, and returns when the write is acknowledged. It is used by one goroutine.
type client interface {
	put(key string, value []byte) error
}

// protocols connect so many clients to servers, by so many connections at most.
var protocols = map[string]func(servers []string, clients, connections int) ([]client, error){
	"etcd":     etcdClients,
	"resp":     respClients,
	"sessions": sessionClients,
}

// result is of the writes that began after the warm-up and before the time was over; each was waited for.
type result struct {
	Ops     int     `json:"ops"`     // acknowledged
	Seconds float64 `json:"seconds"` // from the end of the warm-up to the last acknowledgement
	P50Ms   float64 `json:"p50Ms"`
	P99Ms   float64 `json:"p99Ms"`
	MaxMs   float64 `json:"maxMs"`
	Errors  int     `json:"errors"`
	Error   string  `json:"error,omitempty"` // one of them, in words
	All     int     `json:"all"`             // acknowledged, the warm-up included
	CpuUs   float64 `json:"cpuUs"`           // what this program itself used for a write: user and system time
}

// worker is one client's part of the result.
type worker struct {
	latencies []time.Duration
	last      time.Time // the last acknowledgement
	all       int
	errors    int
	err       error
}

// Random values of this size go to these keys, all equally often.
const (
	keys       = 5000
	valueBytes = 256
)

// pause after an error, lest a client that is refused at once asks in a hot loop.
const pause = 10 * time.Millisecond

// limit for one write.
const limit = 10 * time.Second

func main() {
	if len(os.Args) < 2 || protocols[os.Args[1]] == nil {
		fail(2, "expected etcd, resp or sessions")
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	servers := flags.String("servers", "", "HOST:PORT,...")
	clients := flags.Int("clients", 1, "that write at the same time")
	connections := flags.Int("connections", 0, "that they share (0: each has its own)")
	warm := flags.Duration("warm", time.Second, "before anything counts")
	length := flags.Duration("time", 3*time.Second, "in which writes that begin count")
	writes := flags.Int64("writes", math.MaxInt64, "after which it ends, if the time isn't over before")
	flags.Parse(os.Args[2:])
	if *connections == 0 {
		*connections = *clients
	}

	connected, err := protocols[os.Args[1]](strings.Split(*servers, ","), *clients, *connections)
	if err != nil {
		fail(1, err.Error())
	}
	from := time.Now().Add(*warm)
	until := from.Add(*length)
	workers := make([]worker, *clients)
	var left atomic.Int64
	left.Store(*writes)
	var all sync.WaitGroup
	for n := range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			workers[n].run(connected[n], rand.New(rand.NewSource(int64(n))), &left, from, until)
		}()
	}
	time.Sleep(time.Until(from))
	before := cpu()
	all.Wait()
	json.NewEncoder(os.Stdout).Encode(summary(workers, from, cpu()-before))
}

func (w *worker) run(c client, random *rand.Rand, left *atomic.Int64, from, until time.Time) {
	value := make([]byte, valueBytes)
	for left.Add(-1) >= 0 {
		key := fmt.Sprintf("key-%05d", random.Intn(keys))
		random.Read(value)
		start := time.Now()
		if !start.Before(until) {
			return
		}
		err := c.put(key, value)
		end := time.Now()
		if err != nil {
			w.errors++
			w.err = err
			time.Sleep(pause)
			continue
		}
		w.all++
		if !start.Before(from) {
			w.latencies = append(w.latencies, end.Sub(start))
			w.last = end
		}
	}
}

func summary(workers []worker, from time.Time, used time.Duration) result {
	var r result
	var latencies []time.Duration
	last := from
	for _, w := range workers {
		latencies = append(latencies, w.latencies...)
		r.All += w.all
		r.Errors += w.errors
		if w.err != nil {
			r.Error = w.err.Error()
		}
		if w.last.After(last) {
			last = w.last
		}
	}
	r.Ops = len(latencies)
	if r.Ops == 0 {
		return r
	}
	slices.SortFunc(latencies, cmp.Compare[time.Duration])
	at := func(percent int) float64 { return ms(latencies[(len(latencies)*percent+99)/100-1]) }
	r.Seconds = last.Sub(from).Seconds()
	r.P50Ms, r.P99Ms, r.MaxMs = at(50), at(99), at(100)
	r.CpuUs = float64(used.Microseconds()) / float64(r.Ops)
	return r
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// cpu that this process has used so far.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func fail(code int, problem string) {
	fmt.Fprintln(os.Stderr, "load:", problem)
	os.Exit(code)
}

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/anishathalye/porcupine"
)

// history has events if it is a log, operations if it is a JSONL file: the two forms that Porcupine takes.
type history struct {
	model      porcupine.Model
	events     []porcupine.Event
	operations []porcupine.Operation
}

func load(file, modelName string) *history {
	text, err := os.ReadFile(file)
	must(err)
	switch filepath.Ext(file) {
	case ".log":
		return &history{model: etcd, events: etcdEvents(text)}
	case ".txt":
		return &history{model: models["kv"], events: kvEvents(text)}
	}
	return &history{model: models[modelName], operations: operations(text)}
}

func eachLine(text []byte, f func(line string)) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<30)
	for lines.Scan() {
		f(lines.Text())
	}
	must(lines.Err())
}

// log collects events; what is not completed returns at the end, with an unknown outcome.
type log struct {
	events []porcupine.Event
	open   map[int]int // process -> id
	ids    int
}

func newLog() *log { return &log{events: []porcupine.Event{}, open: map[int]int{}} }

func (l *log) call(process int, input any) {
	l.open[process] = l.ids
	l.events = append(l.events, porcupine.Event{ClientId: process, Kind: porcupine.CallEvent, Value: input, Id: l.ids})
	l.ids++
}

func (l *log) complete(process int, output any) {
	id := l.open[process]
	delete(l.open, process)
	l.events = append(l.events, porcupine.Event{ClientId: process, Kind: porcupine.ReturnEvent, Value: output, Id: id})
}

func (l *log) end(unknown any) []porcupine.Event {
	for _, e := range l.events {
		if id, ok := l.open[e.ClientId]; ok && id == e.Id {
			l.complete(e.ClientId, unknown)
		}
	}
	return l.events
}

// The model of Porcupine's test of these logs: a register of numbers. It has no hash there, and gains nothing by one.
type etcdCall struct {
	op       string
	from, to int
}

type etcdOutcome struct {
	unknown, yes, exists bool
	value                int
}

const absent = math.MinInt

var etcd = porcupine.Model{
	Init: func() any { return absent },
	Step: func(s, i, o any) (bool, any) {
		state, c, out := s.(int), i.(etcdCall), o.(etcdOutcome)
		switch c.op {
		case ":read":
			return out.unknown || out.exists == (state != absent) && (!out.exists || out.value == state), state
		case ":write":
			return true, c.to
		}
		if state == c.from {
			return out.unknown || out.yes, c.to
		}
		return out.unknown || !out.yes, state
	},
}

var etcdLine = regexp.MustCompile(`^INFO\s+jepsen\.util\s+-\s+(\d+)\s+(:\w+)\s+(:\w+)\s+\[?(nil|\d+|:timed-out)(?:\s+(\d+)\])?$`)

// A read that timed out tells nothing; any other operation that did may have happened at any later time.
func etcdEvents(text []byte) []porcupine.Event {
	l := newLog()
	eachLine(text, func(line string) {
		f := etcdLine.FindStringSubmatch(line)
		if f == nil {
			return
		}
		process, kind, op, number := atoi(f[1]), f[2], f[3], atoi(f[4])
		switch {
		case kind == ":invoke" && op == ":cas":
			l.call(process, etcdCall{op: op, from: number, to: atoi(f[5])})
		case kind == ":invoke":
			l.call(process, etcdCall{op: op, to: number})
		case kind == ":ok":
			l.complete(process, etcdOutcome{yes: true, exists: f[4] != "nil", value: number})
		case kind == ":fail" && op == ":read":
			l.complete(process, etcdOutcome{unknown: true})
		case kind == ":fail" && f[4] != ":timed-out":
			l.complete(process, etcdOutcome{})
		}
	})
	return l.end(etcdOutcome{unknown: true})
}

var kvLine = regexp.MustCompile(`^\{:process (\d+), :type :(\w+), :f :(\w+), :key "(.*)", :value (?:nil|"(.*)")\}$`)

func kvEvents(text []byte) []porcupine.Event {
	l := newLog()
	eachLine(text, func(line string) {
		f := kvLine.FindStringSubmatch(line)
		switch f[2] {
		case "invoke":
			l.call(atoi(f[1]), call{op: f[3], key: f[4], value: f[5]})
		case "ok":
			l.complete(atoi(f[1]), outcome{value: f[5]})
		}
	})
	return l.end(outcome{unknown: true})
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // nil, nothing and :timed-out are no numbers, and nobody asks for theirs
	return n
}

// operations reads JSONL. A read of unknown outcome is left out: it says nothing. Any other returns at infinity, as
// Porcupine's author advises.
func operations(text []byte) []porcupine.Operation {
	var all []porcupine.Operation
	eachLine(text, func(line string) {
		var x struct {
			Client int             `json:"client"`
			Op     string          `json:"op"`
			Key    string          `json:"key"`
			Value  json.RawMessage `json:"value"`
			Call   int64           `json:"call"`
			Return *int64          `json:"return"`
			Output json.RawMessage `json:"output"`
		}
		must(json.Unmarshal([]byte(line), &x))
		c := call{op: x.Op, key: x.Key, value: plain(x.Value), to: strconv.Itoa(x.Client)}
		if x.Op == "cas" {
			var pair [2]json.RawMessage
			must(json.Unmarshal(x.Value, &pair))
			c.value, c.to = plain(pair[0]), plain(pair[1])
		}
		if x.Return == nil && (x.Op == "get" || x.Op == "read") {
			return
		}
		operation := porcupine.Operation{ClientId: x.Client, Input: c, Call: x.Call, Return: math.MaxInt64, Output: outcome{unknown: true}}
		if x.Return != nil {
			output := plain(x.Output)
			operation.Return, operation.Output = *x.Return, outcome{yes: output == "true", value: output}
		}
		all = append(all, operation)
	})
	return all
}

// plain is a string without its quotes, and any other JSON value as it is written.
func plain(value json.RawMessage) string {
	if s := string(value); !strings.HasPrefix(s, `"`) {
		return s
	}
	var s string
	must(json.Unmarshal(value, &s))
	return s
}

package main

import (
	"strings"

	"github.com/anishathalye/porcupine"
)

// The models are those of Porcupine's own tests, with a hash of the state (which made Porcupine 1.3 up to 31 times
// faster), and in their manner for the objects that its tests don't have. A state is a string.

// call is the input of an operation. `to` is the new value of a compare-and-set, and who acquires or releases a lock.
type call struct {
	op, key, value, to string
}

// outcome is the output of an operation: what a read or a dequeue answered, null included; or yes or no.
type outcome struct {
	unknown, yes bool
	value        string
}

// null stands for a missing value. No generated value is the text "null".
const null = "null"

func model(init string, step func(state string, c call, o outcome) (bool, string)) porcupine.Model {
	return porcupine.Model{
		Partition:      byKey,
		PartitionEvent: eventsByKey,
		Init:           func() any { return init },
		Step: func(state, input, output any) (bool, any) {
			return step(state.(string), input.(call), output.(outcome))
		},
		Hash: fnv1a,
	}
}

var models = map[string]porcupine.Model{
	"register": model(null, register),
	"cas":      model(null, register),
	"kv":       model("", register),
	"append":   model("", register),
	"queue":    model("", queue),
	"lock":     model("", lock),
}

func register(state string, c call, o outcome) (bool, string) {
	switch c.op {
	case "read", "get":
		return o.unknown || o.value == state, state
	case "write", "put":
		return true, c.value
	case "append":
		return true, state + c.value
	}
	if c.value == state {
		return o.unknown || o.yes, c.to
	}
	return o.unknown || !o.yes, state
}

// queue has its elements in the state, each with a comma after it.
func queue(state string, c call, o outcome) (bool, string) {
	if c.op == "enq" {
		return true, state + c.value + ","
	}
	first, rest, found := strings.Cut(state, ",")
	if !found {
		return o.unknown || o.value == null, state
	}
	return o.unknown || o.value == first, rest
}

// lock has its holder in the state.
func lock(state string, c call, o outcome) (bool, string) {
	if c.op == "release" {
		if state == c.to {
			return o.unknown || o.yes, ""
		}
		return o.unknown || !o.yes, state
	}
	if state == "" {
		return o.unknown || o.yes, c.to
	}
	return o.unknown || (c.op == "tryacquire" && !o.yes), state
}

func byKey(all []porcupine.Operation) [][]porcupine.Operation {
	at := map[string]int{}
	var parts [][]porcupine.Operation
	for _, x := range all {
		key := x.Input.(call).key
		i, known := at[key]
		if !known {
			i = len(parts)
			at[key] = i
			parts = append(parts, nil)
		}
		parts[i] = append(parts[i], x)
	}
	return parts
}

func eventsByKey(all []porcupine.Event) [][]porcupine.Event {
	at, of := map[string]int{}, map[int]int{}
	var parts [][]porcupine.Event
	for _, e := range all {
		if e.Kind == porcupine.CallEvent {
			key := e.Value.(call).key
			i, known := at[key]
			if !known {
				i = len(parts)
				at[key] = i
				parts = append(parts, nil)
			}
			of[e.Id] = i
		}
		i := of[e.Id]
		parts[i] = append(parts[i], e)
	}
	return parts
}

// A hash in place is faster than hash/fnv, which Porcupine's tests use.
func fnv1a(state any) uint64 {
	h := uint64(14695981039346656037)
	for s, i := state.(string), 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
